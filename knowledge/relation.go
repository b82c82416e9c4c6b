package knowledge

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// link finds the ids of the related entries of each row.
func (p *plan) link() {
	aliases := p.aliases()
	for i := range p.rows {
		r := &p.rows[i]
		if !r.open() {
			continue
		}
		if r.has.Has(FieldRelated) {
			p.linkRow(r, aliases)
		}
		if p.mode == ModeReplace {
			r.entry.Related = p.remaining(r.entry.Related)
		}
	}
}

// aliases maps the ids of the file to those of the knowledge base. They differ
// where the file names an entry by an id of its own, which was then matched by
// its standard question.
func (p *plan) aliases() map[string]string {
	aliases := make(map[string]string)
	for i := range p.rows {
		if r := &p.rows[i]; r.open() && r.id != "" {
			aliases[r.id] = r.entry.ID
		}
	}
	return aliases
}

// linkRow sets the related entries of a row; in a merge it adds to them.
func (p *plan) linkRow(r *planned, aliases map[string]string) {
	var related []string
	if p.mode == ModeMerge {
		related = slices.Clone(r.entry.Related)
	}
	for _, name := range r.related {
		if name = strings.TrimSpace(strings.ToValidUTF8(name, "")); name == "" {
			continue
		}
		switch id := p.find(name, aliases); {
		case id == "":
			r.notes = append(r.notes, fmt.Sprintf("关联问题「%s」在文件和知识库里都没有，已略去", brief(name)))
		case id == r.entry.ID:
			r.notes = append(r.notes, fmt.Sprintf("关联问题「%s」就是自己，已略去", brief(name)))
		case !slices.Contains(related, id):
			related = append(related, id)
		}
	}
	if len(related) > MaxRelated {
		r.notes = append(r.notes, fmt.Sprintf("关联问题最多 %d 个，多出的 %d 个已略去", MaxRelated, len(related)-MaxRelated))
		related = related[:MaxRelated]
	}
	r.entry.Related = related
}

// find returns the id of the entry with this id or standard question, as the
// knowledge base will be after the import; "" if there will be none.
func (p *plan) find(name string, aliases map[string]string) string {
	if id, ok := aliases[name]; ok {
		return id
	}
	if at, ok := p.byID[name]; ok && !p.gone(at) {
		return name
	}
	key := p.key(name)
	if i, ok := p.rowKey[key]; ok && p.rows[i].open() && !(p.mode == ModeAppend && p.rows[i].rename) {
		return p.rows[i].entry.ID
	}
	if at, ok := p.byKey[key]; ok && !p.gone(at) && !p.leaves(at) {
		return p.stored[at].ID
	}
	return ""
}

// remaining returns the ids without those of entries that are removed.
func (p *plan) remaining(ids []string) []string {
	isGone := func(id string) bool {
		at, ok := p.byID[id]
		return ok && p.gone(at)
	}
	if !slices.ContainsFunc(ids, isGone) {
		return ids
	}
	return orNil(slices.DeleteFunc(slices.Clone(ids), isGone))
}

// warn tells where two entries compete for the same wording (false friends): the
// matcher could answer with either.
func (p *plan) warn(ctx context.Context) error {
	claims, err := p.claims(ctx)
	if err != nil || len(claims.more) == 0 {
		return err
	}
	for i := range p.rows {
		if i%stride == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if r := &p.rows[i]; r.holds() {
			p.warnRow(r, p.slot(i), claims)
		}
	}
	return nil
}

// warnRow adds one note about all wordings that the entry shares with others.
func (p *plan) warnRow(r *planned, slot int, claims claims) {
	const most = 3
	var shared []string
	for i, q := range r.entry.Questions() {
		other, ok := claims.other(p.key(q), slot)
		if !ok {
			continue
		}
		field := nameVariants
		if i == 0 {
			field = nameQuestion
		}
		shared = append(shared, fmt.Sprintf("%s「%s」与知识点「%s」", field, brief(q), brief(p.entryAt(other).Question)))
	}
	if len(shared) == 0 {
		return
	}
	note := strings.Join(shared[:min(most, len(shared))], "，")
	if len(shared) > most {
		note += fmt.Sprintf("等 %d 处", len(shared))
	}
	r.notes = append(r.notes, "注意："+note+"的问法相同，两个知识点会互相抢答，请删去一处")
}

// slot numbers the entries that there will be: those stored by their index, then
// the new rows.
func (p *plan) slot(row int) int {
	if at := p.rows[row].target; at >= 0 {
		return at
	}
	return len(p.stored) + row
}

// entryAt returns the entry in the slot as it will be after the import.
func (p *plan) entryAt(slot int) *Entry {
	if slot >= len(p.stored) {
		return &p.rows[slot-len(p.stored)].entry
	}
	if i := p.taker[slot]; i >= 0 && p.rows[i].result.Outcome == OutcomeMerged {
		return &p.rows[i].entry
	}
	return &p.stored[slot]
}

// claims collects which entry claims which wording, after the import.
func (p *plan) claims(ctx context.Context) (claims, error) {
	c := claims{first: make(map[string]int32, 2*(len(p.stored)+len(p.rows))), more: make(map[string][]int32)}
	add := func(slot int) error {
		if slot%stride == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		for _, q := range p.entryAt(slot).Questions() {
			c.add(p.key(q), int32(slot))
		}
		return nil
	}
	for at := range p.stored {
		if p.gone(at) {
			continue
		}
		if err := add(at); err != nil {
			return claims{}, err
		}
	}
	for i := range p.rows {
		if p.rows[i].result.Outcome != OutcomeNew {
			continue
		}
		if err := add(len(p.stored) + i); err != nil {
			return claims{}, err
		}
	}
	return c, nil
}

// claims knows the entries, by slot, that claim a wording, by key. Nearly all
// wordings have one, so only the others pay for a list.
type claims struct {
	first map[string]int32
	more  map[string][]int32
}

func (c claims) add(key string, slot int32) {
	first, ok := c.first[key]
	switch {
	case !ok:
		c.first[key] = slot
	case first != slot:
		c.more[key] = append(c.more[key], slot)
	}
}

// other returns an entry besides the one in slot that claims the key.
func (c claims) other(key string, slot int) (int, bool) {
	more, shared := c.more[key]
	if !shared {
		return 0, false
	}
	if first := int(c.first[key]); first != slot {
		return first, true
	}
	return int(more[0]), true
}
