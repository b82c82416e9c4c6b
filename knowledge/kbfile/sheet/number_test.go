package sheet_test

import (
	"math"
	"strconv"
	"testing"

	"faqbot/knowledge/kbfile/sheet"

	"pgregory.net/rapid"
)

func TestNumberText(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", math.Copysign(0, -1): "0", 1: "1", -1.5: "-1.5", 0.1 + 0.2: "0.3", 0.9: "0.9", 20240528: "20240528",
		1e15: "1000000000000000", 123456789012345678: "123456789012346000", 1e21: "1e+21", 1e-9: "0.000000001", 1e-10: "1e-10",
		math.Inf(1): "", math.NaN(): "",
	} {
		if got := sheet.NumberText(v); got != want {
			t.Errorf("%g: got %s, want %s", v, got, want)
		}
	}
}

// Whatever an editor can type with 15 digits comes back as the same number.
func TestNumberTextKeepsDigits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(-999_999_999_999_999, 999_999_999_999_999).Draw(t, "n")
		typed := strconv.FormatInt(n, 10) + "e-" + strconv.Itoa(rapid.IntRange(0, 8).Draw(t, "decimals"))
		v, err := strconv.ParseFloat(typed, 64)
		if err != nil {
			t.Fatal(err)
		}
		back, err := strconv.ParseFloat(sheet.NumberText(v), 64)
		if err != nil || back != v {
			t.Fatalf("%s came back as %v, %v", typed, back, err)
		}
	})
}

func TestFormatKind(t *testing.T) {
	tests := []struct {
		code       string
		date, time bool
	}{
		{"General", false, false}, {"0.00", false, false}, {"#,##0.00_);[Red](#,##0.00)", false, false}, {"0.00E+00", false, false}, {"@", false, false},
		{"G/通用格式", false, false}, {`0"days"`, false, false}, {`\y0`, false, false}, {"[$¥-804]0.00", false, false}, {"[h]:mm:ss", false, false}, {"[MM]:ss", false, false},
		{"yyyy/m/d", true, false}, {"yyyy-mm-dd hh:mm:ss", true, false}, {`[$-804]yyyy"年"m"月"d"日";@`, true, false}, {`[DBNum1]yyyy年m月`, true, false}, {`m"月"`, true, false}, {"aaaa;@", false, false},
		{"h:mm AM/PM", false, true}, {`[$-F400]h:mm:ss\ AM/PM`, false, true}, {"mm:ss.0", false, true},
		{`"`, false, false}, {"[", false, false}, {`\`, false, false}, {"", false, false},
	}
	for _, tt := range tests {
		if date, time := sheet.FormatHasDate(tt.code), sheet.FormatHasTime(tt.code); date != tt.date || time != tt.time {
			t.Errorf("%q: date %v, time %v", tt.code, date, time)
		}
	}
}

func TestColumnName(t *testing.T) {
	for column, want := range map[int]string{-1: "", 0: "", 1: "A", 26: "Z", 27: "AA", 52: "AZ", 703: "AAA", 16384: "XFD"} {
		if got := sheet.ColumnName(column); got != want {
			t.Errorf("%d: got %q, want %q", column, got, want)
		}
	}
}

func TestErrorText(t *testing.T) {
	tests := []struct {
		err  sheet.Error
		want string
	}{
		{sheet.Error{File: "x.xlsx", Sheet: "y", Row: 3, Column: 3, Reason: "原因"}, "文件 x.xlsx，工作表 y，第 3 行 C 列：原因"},
		{sheet.Error{File: "x.csv", Row: 3, Reason: "原因"}, "文件 x.csv，第 3 行：原因"},
		{sheet.Error{Sheet: "y", Column: 28, Reason: "原因"}, "工作表 y，AB 列：原因"},
		{sheet.Error{Reason: "原因"}, "原因"},
	}
	for _, tt := range tests {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}
