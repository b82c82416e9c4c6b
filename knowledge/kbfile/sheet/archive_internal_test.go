package sheet

import (
	"archive/zip"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

// The limits hold for what comes out of an entry even where the directory lies
// and the unpacker lets it pass.
func TestPartReaderLimits(t *testing.T) {
	tests := []struct {
		name string
		lim  Limits
		want string
	}{
		{"part", Limits{PartBytes: 1000}, `压缩包内的 "p" 解压后大小超过上限 1.0 KB，请拆成几个文件后分别上传`},
		{"total", Limits{UnpackedBytes: 2000}, "解压后总大小超过上限 2.0 KB，请拆成几个文件后分别上传"},
		{"ratio", Limits{Ratio: 10, RatioFloor: 1}, "疑似压缩炸弹"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := &archive{budget: newBudget(context.Background(), tt.lim), size: 100}
			p := &partReader{archive: a, file: &zip.File{FileHeader: zip.FileHeader{Name: "p", CompressedSize64: 1 << 63}},
				rc: io.NopCloser(strings.NewReader(strings.Repeat("x", 5000)))}
			_, err := io.Copy(io.Discard, p)
			var e *Error
			if !errors.As(err, &e) || !strings.Contains(e.Reason, tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}
