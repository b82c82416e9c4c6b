package bot

import (
	"fmt"
	"strings"
	"time"
)

const dayLayout = "2006-01-02"

// staffed reports whether it is an hour at which humans work. A day among the
// working days has the hours of every day, one among the holidays has none.
func (s *Speech) staffed(t time.Time) bool {
	if len(s.Hours) == 0 {
		return !inDays(s.Holidays, t) || inDays(s.Workdays, t)
	}
	made := inDays(s.Workdays, t)
	if !made && inDays(s.Holidays, t) {
		return false
	}
	for _, h := range s.Hours {
		if made {
			h.Days = nil // 调休: a weekend that is worked
		}
		if h.covers(t) {
			return true
		}
	}
	return false
}

// inDays reports whether the day of t is one of the days or within one of the
// spans.
func inDays(days []string, t time.Time) bool {
	day := t.Format(dayLayout)
	for _, span := range days {
		from, to, isSpan := strings.Cut(span, "..")
		if !isSpan {
			to = from
		}
		if from <= day && day <= to { // they are written so that texts sort like days
			return true
		}
	}
	return false
}

func (s *Speech) validateCalendar() error {
	for i, h := range s.Hours {
		if err := h.validate(); err != nil {
			return fmt.Errorf("hours 第 %d 条：%w", i+1, err)
		}
	}
	for _, list := range []struct {
		name string
		days []string
	}{{"holidays", s.Holidays}, {"workdays", s.Workdays}} {
		for _, span := range list.days {
			if err := checkSpan(span); err != nil {
				return fmt.Errorf("%s：%w", list.name, err)
			}
		}
	}
	return nil
}

func checkSpan(span string) error {
	from, to, isSpan := strings.Cut(span, "..")
	if !isSpan {
		to = from
	}
	for _, day := range []string{from, to} {
		if _, err := time.Parse(dayLayout, day); err != nil {
			return fmt.Errorf("日期要写成 2026-10-01 或 2026-10-01..2026-10-07，不能是 %q", span)
		}
	}
	if from > to {
		return fmt.Errorf("%q 的头一天在末一天后面", span)
	}
	return nil
}
