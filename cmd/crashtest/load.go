package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	loadSockets = 3000
	loadEntries = 25_000
	atOnce      = 64 // questions on their way while the peak is looked for
	peakTime    = 15 * time.Second
	loadTime    = 30 * time.Second
	loadPart    = 0.5 // of the peak
	lateTime    = 60 * time.Second
)

// runLoad finds the peak of questions a second, and then measures how long
// answers take when questions come at half that rate, whatever becomes of those
// before. The time of a question runs from when it should have been asked.
func (o *options) runLoad(ctx context.Context, out io.Writer) error {
	if o.sockets == 0 {
		o.sockets = loadSockets
	}
	if o.entries == 0 {
		o.entries = loadEntries
	}
	asked, err := o.importKnowledge(ctx, out)
	if err != nil {
		return err
	}
	h, err := o.openHall(ctx, out)
	if err != nil {
		return err
	}
	defer h.server.close()
	h.crowd.questions = asked
	ctx, cancel := context.WithCancel(ctx)
	defer h.crowd.end()
	defer cancel()
	guests := h.admit(ctx, o.sockets, false)
	if err := h.gather(ctx, guests, 1); err != nil {
		return err
	}
	idle := make(chan *asker, len(guests))
	for _, a := range guests {
		idle <- a
	}
	peak, err := h.findPeak(ctx, idle)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "peak: %.0f questions a second, %d at once\n", peak, atOnce)
	took, err := h.arrive(ctx, idle, peak*loadPart)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "at %.0f a second, %d questions: p50 %v, p99 %v, p99.9 %v, longest %v\n", peak*loadPart, len(took),
		took.part(0.5).Round(time.Millisecond/10), took.part(0.99).Round(time.Millisecond/10),
		took.part(0.999).Round(time.Millisecond/10), took.part(1).Round(time.Millisecond/10))
	return h.verify(ctx, cancel)
}

// findPeak keeps a number of questions on their way for a while and returns how
// many a second were answered.
func (h *hall) findPeak(ctx context.Context, idle chan *asker) (float64, error) {
	var answered int64
	var mu sync.Mutex
	var working sync.WaitGroup
	begun := time.Now()
	for n := range atOnce {
		working.Go(func() {
			r := h.crowd.random(n, "peak")
			for time.Since(begun) < peakTime && ctx.Err() == nil {
				a := <-idle
				if _, err := a.ask(ctx, h.pick(r)); err != nil {
					return
				}
				idle <- a
				mu.Lock()
				answered++
				mu.Unlock()
			}
		})
	}
	working.Wait()
	return float64(answered) / time.Since(begun).Seconds(), ctx.Err()
}

func (h *hall) pick(r *rand.Rand) string { return h.crowd.questions[r.IntN(len(h.crowd.questions))] }

// arrive asks at random times with the rate, and measures each question from the
// time at which it was due.
func (h *hall) arrive(ctx context.Context, idle chan *asker, rate float64) (times, error) {
	ctx, cancel := context.WithTimeout(ctx, loadTime+lateTime)
	defer cancel()
	r := h.crowd.random(0, "arrivals")
	var w watcher
	var failed error
	due := time.Now()
	for end := due.Add(loadTime); due.Before(end); due = due.Add(time.Duration(r.ExpFloat64() / rate * float64(time.Second))) {
		if err := pause(ctx, time.Until(due)); err != nil {
			return nil, err
		}
		question, due := h.pick(r), due
		w.done.Go(func() {
			a := <-idle
			at, err := a.ask(ctx, question)
			if err != nil {
				w.mu.Lock()
				failed = fmt.Errorf("a question was not answered: %w", err)
				w.mu.Unlock()
				return
			}
			idle <- a
			w.add(at.Sub(due))
		})
	}
	w.done.Wait()
	return w.took, failed
}

// importKnowledge makes a large knowledge base and imports it. It returns some
// questions to ask.
func (o *options) importKnowledge(ctx context.Context, out io.Writer) ([]string, error) {
	name := filepath.Join(o.dir, "load.jsonl")
	write := writeKnowledge
	wordings := 4 * o.entries
	if o.texts != "" {
		write, wordings = o.writeTexts, o.entries
	}
	asked, err := write(name, o.entries, rand.New(rand.NewPCG(o.seed, 2)))
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	output, err := exec.CommandContext(ctx, o.binary, "import", "--db", o.db, name).CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != exitPartly) {
		return nil, fmt.Errorf("import the knowledge: %w\n%.2000s", err, output)
	}
	fmt.Fprintf(out, "%d entries with %d wordings imported in %v\n", o.entries, wordings, time.Since(begun).Round(time.Millisecond))
	return asked, nil
}

// exitPartly is how an import ends that took over all but a few rows: sentences
// that differ only in spelling are the same question.
const exitPartly = 3

// madeEntry is one entry of the file.
type madeEntry struct {
	ID       string   `json:"id"`
	Category string   `json:"category"`
	Question string   `json:"question"`
	Variants []string `json:"variants"`
	Answers  []struct {
		Texts []string `json:"texts"`
	} `json:"answers"`
}

// minText and maxText bound the sentences that are taken for questions, in
// characters.
const minText, maxText = 4, 60

// writeTexts makes an entry of each of the first different sentences of a file,
// and asks the next thousand.
func (o *options) writeTexts(name string, entries int, r *rand.Rand) (asked []string, err error) {
	texts, err := readTexts(o.texts)
	if err != nil {
		return nil, err
	}
	r.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
	if len(texts) < entries+1000 {
		return nil, fmt.Errorf("%s has only %d sentences, %d are needed", o.texts, len(texts), entries+1000)
	}
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	for i, text := range texts[:entries] {
		e := madeEntry{ID: fmt.Sprintf("load-%06d", i), Category: "load", Question: text, Variants: []string{}}
		e.Answers = append(e.Answers, struct {
			Texts []string `json:"texts"`
		}{[]string{"关于“" + text + "”：请按页面上的说明办理。"}})
		if err := encoder.Encode(e); err != nil {
			return nil, fmt.Errorf("write the knowledge: %w", err)
		}
	}
	return texts[entries : entries+1000], os.WriteFile(name, lines.Bytes(), 0o600)
}

// readTexts returns the different sentences of a file with one or, between tabs,
// several on each line.
func readTexts(name string) ([]string, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read the sentences: %w", err)
	}
	seen := map[string]bool{}
	var texts []string
	for _, text := range strings.FieldsFunc(string(data), func(r rune) bool { return r == '\t' || r == '\n' }) {
		if n := utf8.RuneCountInString(text); n >= minText && n <= maxText && !seen[text] && strings.ContainsFunc(text, isHan) {
			seen[text] = true
			texts = append(texts, text)
		}
	}
	return texts, nil
}

func isHan(r rune) bool { return unicode.Is(unicode.Han, r) }

// askedOf is how many entries there are to one that is asked about.
const askedOf = 50

// writeKnowledge writes entries whose questions are made of words of a trade, so
// that many of them are alike.
func writeKnowledge(name string, entries int, r *rand.Rand) (asked []string, err error) {
	file, err := os.Create(name)
	if err != nil {
		return nil, fmt.Errorf("make the knowledge: %w", err)
	}
	defer file.Close()
	w := bufio.NewWriter(file)
	for i := range entries {
		e := makeEntry(i, r)
		if i%askedOf == 0 {
			asked = append(asked, e.Question, e.Variants[r.IntN(len(e.Variants))]+"呢", fmt.Sprintf("今天天气第%d天怎么样", i))
		}
		if err := json.NewEncoder(w).Encode(e); err != nil {
			return nil, fmt.Errorf("write the knowledge: %w", err)
		}
	}
	if err := w.Flush(); err != nil {
		return nil, fmt.Errorf("write the knowledge: %w", err)
	}
	return asked, file.Close()
}

func makeEntry(i int, r *rand.Rand) madeEntry {
	things := []string{"热水器", "燃气灶", "宽带", "流量套餐", "发票", "保修卡", "净水机", "洗碗机", "积分", "会员卡", "轮胎", "电池", "话费", "空调", "油烟机"}
	places := []string{"北京", "上海", "广州", "成都", "武汉", "西安", "南京", "杭州", "沈阳", "昆明"}
	wishes := []string{"怎么办理", "多少钱", "坏了怎么修", "能不能退", "什么时候到", "怎么查询", "如何升级", "可以转让吗", "丢了怎么补", "有没有优惠"}
	thing, place, wish := things[r.IntN(len(things))], places[r.IntN(len(places))], wishes[r.IntN(len(wishes))]
	model := fmt.Sprintf("%c%c%d", 'A'+r.IntN(26), 'A'+r.IntN(26), i)
	e := madeEntry{
		ID: fmt.Sprintf("load-%06d", i), Category: thing + "/" + place,
		Question: fmt.Sprintf("%s的%s%s%s", place, model, thing, wish),
		Variants: []string{
			fmt.Sprintf("我在%s买的%s%s，%s", place, model, thing, wish),
			fmt.Sprintf("%s %s %s", thing, model, wish),
			fmt.Sprintf("请问型号%s的%s%s（%s）", model, thing, wish, place),
		},
	}
	e.Answers = append(e.Answers, struct {
		Texts []string `json:"texts"`
	}{[]string{fmt.Sprintf("关于%s%s：请到%s的营业厅，凭购买记录办理。", model, thing, place)}})
	return e
}
