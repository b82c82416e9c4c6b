package kbfile_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"faqbot/knowledge"
	"faqbot/knowledge/kbfile"
	"faqbot/knowledge/kbfile/sheet"
	"faqbot/knowledge/normalize"
)

var ownKinds = []sheet.Kind{sheet.KindXLSX, sheet.KindCSV, sheet.KindTSV, sheet.KindJSON, sheet.KindJSONL}

// nasty are the pieces that texts are made of in the property tests: all that
// some rule of the reader could take for something else.
var nasty = []string{
	"怎么退货", "如何换货？", "热水器", "？", "吗", "##", "#", "\\", "\\\\", "|", "||", ";", "；", ",", "、", "\"", "'", "=1+1", "+", "-", "@",
	"1.", "1、", "(1)", "①", "- ", "•", "[", "]", "[\"a\"]", "{", "<b>", "示例", "例如", "请填写", "必填", "【示例】", "😀", "👨‍👩‍👧", "a", "Wi-Fi",
	" ", "\u3000", "/", ">", "／", "是", "0.5", "2024-05-28", "永久", "N/A", "TRUE", "標準", "\u200b", "~", "*", "sep=;", "：", ":", "(", ")", "（", "）",
}

// text draws a text in the form in which Base stores texts: trimmed, not empty.
func text(pieces ...string) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		parts := rapid.SliceOfN(rapid.SampledFrom(append(pieces, nasty...)), 1, 6).Draw(t, "parts")
		if s := strings.TrimSpace(strings.Join(parts, "")); s != "" {
			return s
		}
		return "问"
	})
}

// texts draws a list without repetitions.
func texts(g *rapid.Generator[string], most int) *rapid.Generator[[]string] {
	return rapid.Custom(func(t *rapid.T) []string {
		list := rapid.SliceOfNDistinct(g, 0, most, rapid.ID[string]).Draw(t, "list")
		if len(list) == 0 {
			return nil
		}
		return list
	})
}

// moment draws a time, zero now and then.
func moment() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		precision := rapid.SampledFrom([]time.Duration{0, time.Millisecond, time.Second, time.Minute, 24 * time.Hour}).Draw(t, "precision")
		if precision == 0 {
			return time.Time{}
		}
		start := time.Date(1971, 1, 1, 0, 0, 0, 0, time.UTC)
		span := time.Date(2098, 1, 1, 0, 0, 0, 0, time.UTC).Unix() - start.Unix()
		return start.Add(time.Duration(rapid.Int64Range(0, span*1000).Draw(t, "ms")) * time.Millisecond).Truncate(precision)
	})
}

func dimension() *rapid.Generator[knowledge.Dimension] {
	field := rapid.OneOf(rapid.Just(""), rapid.SampledFrom([]string{"wechat", "web", "app", "华东", "VIP"}), text())
	return rapid.Custom(func(t *rapid.T) knowledge.Dimension {
		return knowledge.Dimension{Channel: field.Draw(t, "channel"), Region: field.Draw(t, "region"), Level: field.Draw(t, "level")}
	})
}

func answers() *rapid.Generator[[]knowledge.Answer] {
	return rapid.Custom(func(t *rapid.T) []knowledge.Answer {
		dims := rapid.SliceOfNDistinct(rapid.OneOf(rapid.Just(knowledge.Dimension{}), dimension()), 1, 3, rapid.ID[knowledge.Dimension]).Draw(t, "dims")
		var out []knowledge.Answer
		for _, d := range dims {
			list := rapid.SliceOfNDistinct(text("\n", "\n\n", "\t"), 1, 3, rapid.ID[string]).Draw(t, "texts")
			out = append(out, knowledge.Answer{Dimension: d, Texts: list})
		}
		return out
	})
}

// entries draws a knowledge base: ids and standard questions are unique.
func entries(n *normalize.Normalizer) *rapid.Generator[[]knowledge.Entry] {
	return rapid.Custom(func(t *rapid.T) []knowledge.Entry {
		questions := rapid.SliceOfNDistinct(text("\n"), 0, 6, n.Key).Draw(t, "questions")
		var out []knowledge.Entry
		for i, q := range questions {
			e := knowledge.Entry{
				ID: fmt.Sprintf("id-%d", i), Question: q,
				Category:        knowledge.Path(texts(text(), 4).Draw(t, "category")),
				Variants:        slices.DeleteFunc(texts(text("\n"), 5).Draw(t, "variants"), func(v string) bool { return v == q }),
				CounterExamples: texts(text("\n"), 3).Draw(t, "counter"),
				Answers:         answers().Draw(t, "answers"),
				ReplyAll:        rapid.Bool().Draw(t, "reply all"),
				EffectiveFrom:   moment().Draw(t, "from"), ExpiresAt: moment().Draw(t, "until"),
				Enabled: rapid.Bool().Draw(t, "enabled"), Hot: rapid.Bool().Draw(t, "hot"),
				Threshold: rapid.OneOf(rapid.Just(0.0), rapid.Just(1.0), rapid.Float64Range(0.001, 1)).Draw(t, "threshold"),
				Owner:     rapid.OneOf(rapid.Just(""), text()).Draw(t, "owner"),
			}
			out = append(out, e)
		}
		for i := range out {
			for _, j := range rapid.SliceOfNDistinct(rapid.IntRange(0, len(out)-1), 0, 3, rapid.ID[int]).Draw(t, "related") {
				out[i].Related = append(out[i].Related, out[j].ID)
			}
			if rapid.Bool().Draw(t, "stranger") {
				out[i].Related = append(out[i].Related, "id-of-another-base")
			}
		}
		return out
	})
}

func lexicon() *rapid.Generator[knowledge.Lexicon] {
	return rapid.Custom(func(t *rapid.T) knowledge.Lexicon {
		var lex knowledge.Lexicon
		for _, name := range texts(text(), 3).Draw(t, "classes") {
			lex.WordClasses = append(lex.WordClasses, knowledge.WordClass{
				Name: name, Words: texts(text(), 4).Draw(t, "words"), Includes: texts(text(), 2).Draw(t, "includes"),
			})
		}
		lex.UserWords = texts(text(), 3).Draw(t, "user")
		lex.StopWords = texts(text(), 3).Draw(t, "stop")
		lex.SensitiveWords = texts(text(), 3).Draw(t, "sensitive")
		return lex
	})
}

// fields are all fields of an entry that files keep.
var ignoreBookkeeping = cmpopts.IgnoreFields(knowledge.Entry{}, "CreatedAt", "CreatedBy", "UpdatedAt", "UpdatedBy", "Version")

var byDimension = cmpopts.SortSlices(func(a, b knowledge.Answer) bool {
	return fmt.Sprintf("%q", a.Dimension) < fmt.Sprintf("%q", b.Dimension)
})

// readBack writes and reads a knowledge base, and resolves related entries as
// Base does.
func readBack(t interface {
	Fatalf(string, ...any)
}, n *normalize.Normalizer, kind sheet.Kind, layout kbfile.Layout, kb kbfile.Content) (*kbfile.Document, []knowledge.Entry) {
	var buf bytes.Buffer
	if err := kbfile.Write(context.Background(), &buf, kind, layout, kb); err != nil {
		t.Fatalf("Write: %v", err)
	}
	doc, err := kbfile.Read(context.Background(), "kb."+string(kind), buf.Bytes(), kbfile.Options{Normalizer: n, Limits: sheet.Limits{}})
	if err != nil {
		t.Fatalf("Read: %v\n%s", err, preview(kind, buf.Bytes()))
	}
	if len(doc.Problems)+len(doc.Skipped) > 0 {
		t.Fatalf("Problems %v, Skipped %v\n%s", doc.Problems, doc.Skipped, preview(kind, buf.Bytes()))
	}
	ids := make(map[string]string)
	for _, e := range kb.Entries {
		ids[e.Question] = e.ID
	}
	var got []knowledge.Entry
	for _, row := range doc.Rows {
		e := row.Entry
		for _, name := range row.Related {
			if id, ok := ids[name]; ok {
				name = id
			}
			e.Related = append(e.Related, name)
		}
		got = append(got, e)
	}
	return doc, got
}

func preview(kind sheet.Kind, data []byte) string {
	if kind == sheet.KindXLSX {
		return "(xlsx)"
	}
	return string(data[:min(len(data), 4000)])
}

// TestRoundTripOwn holds the promise of the export: what is written in our own
// layout reads back identical.
func TestRoundTripOwn(t *testing.T) {
	n := newNormalizer(t)
	for _, kind := range ownKinds {
		t.Run(string(kind), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				kb := kbfile.Content{Entries: entries(n).Draw(t, "entries")}
				if kind != sheet.KindCSV && kind != sheet.KindTSV {
					kb.Lexicon = lexicon().Draw(t, "lexicon")
				}
				if len(kb.Entries) == 0 && cmp.Equal(kb.Lexicon, knowledge.Lexicon{}) && kind == sheet.KindJSONL {
					t.Skip("an empty jsonl is an empty file")
				}
				if len(kb.Entries) == 0 && kind == sheet.KindJSON {
					t.Skip("no header tells that an empty list is ours")
				}
				doc, got := readBack(t, n, kind, kbfile.LayoutOwn, kb)
				if diff := cmp.Diff(kb.Entries, got, ignoreBookkeeping, byDimension, cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("entries differ (-want +got):\n%s", diff)
				}
				lex := knowledge.Lexicon{}
				if doc.Lexicon != nil {
					lex = *doc.Lexicon
				}
				if diff := cmp.Diff(kb.Lexicon, lex, cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("lexicon differs (-want +got):\n%s", diff)
				}
				for _, row := range doc.Rows {
					if want := knowledge.FieldAll; kind != sheet.KindJSON && kind != sheet.KindJSONL && row.Has != want {
						t.Fatalf("Has = %b, want %b", row.Has, want)
					}
				}
			})
		})
	}
}

func newNormalizer(t *testing.T) *normalize.Normalizer {
	t.Helper()
	n, err := normalize.New()
	if err != nil {
		t.Fatal(err)
	}
	return n
}
