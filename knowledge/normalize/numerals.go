package normalize

import "strconv"

// chineseDigit and chineseUnit give the values of the characters that numbers
// are written with.
func chineseDigit(r rune) (int, bool) {
	switch r {
	case '零', '〇':
		return 0, true
	case '一':
		return 1, true
	case '二', '两':
		return 2, true
	case '三':
		return 3, true
	case '四':
		return 4, true
	case '五':
		return 5, true
	case '六':
		return 6, true
	case '七':
		return 7, true
	case '八':
		return 8, true
	case '九':
		return 9, true
	}
	return 0, false
}

func chineseUnit(r rune) (int, bool) {
	switch r {
	case '十':
		return 10, true
	case '百':
		return 100, true
	case '千':
		return 1000, true
	}
	return 0, false
}

// numerals writes Chinese numbers of at least two characters as digits: 二十四小时
// becomes 24小时, 三百兆 300兆. A single character stays (一下, 万一, 十分), and so does
// what is no well-formed number (一一, 七八十).
func numerals(runes []rune) []rune {
	out := runes[:0:0]
	for i := 0; i < len(runes); {
		run := numeralRun(runes[i:])
		if value, ok := chineseNumber(runes[i : i+run]); ok && run >= 2 {
			out = append(out, []rune(strconv.Itoa(value))...)
		} else {
			run = max(run, 1)
			out = append(out, runes[i:i+run]...)
		}
		i += run
	}
	return out
}

// numeralRun returns how many of the leading characters write numbers.
func numeralRun(runes []rune) int {
	for i, r := range runes {
		if _, digit := chineseDigit(r); digit {
			continue
		}
		if _, unit := chineseUnit(r); !unit {
			return i
		}
	}
	return len(runes)
}

// chineseNumber returns the value of a number below ten thousand that is written
// with units, like 二百零五 or 十二.
func chineseNumber(runes []rune) (value int, ok bool) {
	total, digit, last := 0, -1, 10000 // last is the unit before
	for i, r := range runes {
		if d, isDigit := chineseDigit(r); isDigit {
			if digit > 0 || d == 0 && (digit == 0 || last == 10000) {
				return 0, false
			}
			digit = d
			continue
		}
		unit, _ := chineseUnit(r)
		if unit >= last {
			return 0, false
		}
		if digit <= 0 {
			if unit != 10 || i > 0 {
				return 0, false
			}
			digit = 1
		}
		total, digit, last = total+digit*unit, -1, unit
	}
	return total + max(digit, 0), last < 10000 && digit != 0
}
