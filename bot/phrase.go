package bot

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	maxPhrase   = 2000
	maxShortcut = 20
)

// Phrases are quick replies: those of everybody, and each agent's own.
type Phrases struct {
	PhraseConfig
}

// PhraseConfig says what Phrases work with; every field is needed.
type PhraseConfig struct {
	Store PhraseStore
	Desk  *Desk
}

// NewPhrases returns the quick replies of a store.
func NewPhrases(c PhraseConfig) *Phrases { return &Phrases{c} }

// List returns what the actor may use.
func (p *Phrases) List(ctx context.Context, a Actor) ([]Phrase, error) {
	list, err := p.Store.Phrases(ctx, a.ID)
	if err != nil {
		return nil, fmt.Errorf("read the quick replies: %w", err)
	}
	return list, nil
}

// Save stores a quick reply: of everybody's if the actor may share, else one of
// the actor's own.
func (p *Phrases) Save(ctx context.Context, a Actor, share bool, ph Phrase) (Phrase, error) {
	ph.Text, ph.Folder, ph.Shortcut = strings.TrimSpace(CleanText(ph.Text)), oneLine(ph.Folder), strings.TrimPrefix(oneLine(ph.Shortcut), "/")
	switch {
	case ph.Text == "" || utf8.RuneCountInString(ph.Text) > maxPhrase:
		return Phrase{}, &InvalidError{"text", fmt.Sprintf("内容要有 1 到 %d 个字", maxPhrase)}
	case utf8.RuneCountInString(ph.Folder) > maxName || utf8.RuneCountInString(ph.Shortcut) > maxShortcut:
		return Phrase{}, &InvalidError{"shortcut", fmt.Sprintf("分组最多 %d 个字，快捷词最多 %d 个字", maxName, maxShortcut)}
	}
	if err := p.mayChange(ctx, a, share, ph); err != nil {
		return Phrase{}, err
	}
	if ph.ID == "" {
		ph.ID = p.Desk.Engine.NewID()
	}
	ph.UpdatedAt = p.Desk.Engine.moment()
	if err := p.Store.PutPhrase(ctx, ph); err != nil {
		return Phrase{}, fmt.Errorf("store a quick reply: %w", err)
	}
	return ph, nil
}

// Drop removes a quick reply that the actor may change.
func (p *Phrases) Drop(ctx context.Context, a Actor, share bool, id string) error {
	old, err := p.Store.Phrase(ctx, id)
	if err != nil {
		return fmt.Errorf("read quick reply %q: %w", id, err)
	}
	if err := p.mayChange(ctx, a, share, old); err != nil {
		return err
	}
	if err := p.Store.DropPhrase(ctx, id); err != nil {
		return fmt.Errorf("drop quick reply %q: %w", id, err)
	}
	return nil
}

// mayChange fails unless the phrase is, and was, the actor's own, or everybody's
// and the actor may share.
func (p *Phrases) mayChange(ctx context.Context, a Actor, share bool, ph Phrase) error {
	allowed := func(owner string) bool { return owner == a.ID || owner == "" && share }
	if !allowed(ph.Agent) {
		return fmt.Errorf("change a quick reply: %w", ErrForbidden)
	}
	if ph.ID == "" {
		return nil
	}
	old, err := p.Store.Phrase(ctx, ph.ID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("read quick reply %q: %w", ph.ID, err)
	}
	if err == nil && !allowed(old.Agent) || err != nil {
		return fmt.Errorf("quick reply %q: %w", ph.ID, ErrNotFound)
	}
	return nil
}

// FirstPhrases are the quick replies that a new installation begins with, by
// folder: what agents say every day.
func FirstPhrases() []Phrase {
	var list []Phrase
	for _, folder := range []struct {
		name  string
		texts [][2]string // shortcut, text
	}{
		{"问候", [][2]string{{"nh", "您好，很高兴为您服务。"}, {"zs", "早上好，请问有什么可以帮您？"}, {"hy", "欢迎光临，我能为您做些什么吗？"}, {"bz", "您还需要点别的吗？"}}},
		{"处理", [][2]string{{"sd", "请稍等，我马上帮您查询。"}, {"dh", "请留下您的电话或联系方式，我们马上帮您查询。"}, {"cs", "我们立即采取措施，一定让您满意。"}, {"tx", "谢谢您的提醒，我这就记录下来。"}}},
		{"致歉", [][2]string{{"dbq", "实在很抱歉，请您原谅。"}, {"mf", "给您添麻烦了。"}, {"wc", "完全是我们的过错，对不起。"}, {"jd", "让您久等了，抱歉。"}, {"dr", "打扰您了。"}}},
		{"致谢与道别", [][2]string{{"xx", "非常感谢，谢谢您的帮助。"}, {"bkq", "别客气，这是我应该做的。"}, {"mgx", "没关系，不要紧。"}, {"zj", "感谢您的咨询，欢迎您下次再来，再见。"}}},
	} {
		for _, text := range folder.texts {
			list = append(list, Phrase{Folder: folder.name, Shortcut: text[0], Text: text[1], Position: len(list)})
		}
	}
	return list
}

// Fill stores the first quick replies if there are none.
func (p *Phrases) Fill(ctx context.Context) error {
	there, err := p.Store.Phrases(ctx, "")
	if err != nil {
		return fmt.Errorf("read the quick replies: %w", err)
	}
	if len(there) > 0 {
		return nil
	}
	for _, ph := range FirstPhrases() {
		ph.ID, ph.UpdatedAt = p.Desk.Engine.NewID(), p.Desk.Engine.moment()
		if err := p.Store.PutPhrase(ctx, ph); err != nil {
			return fmt.Errorf("store a quick reply: %w", err)
		}
	}
	return nil
}
