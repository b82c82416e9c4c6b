package console

import (
	"context"
	"net/http"

	"faqbot/bot"
	"faqbot/bot/intent"
	"faqbot/bot/staff"
	"faqbot/knowledge"
)

func (c *Console) addDeskCustomer() {
	addDesk(c, operation{id: "saveCustomer", method: http.MethodPut, path: talkPath + "/customer", who: atDesk(), summary: "保存顾客卡"}, c.saveCustomer)
	addDesk(c, operation{id: "addCustomerNote", method: http.MethodPost, path: talkPath + "/notes", who: atDesk(), summary: "添加顾客备注"}, c.addCustomerNote)
}

type saveCustomerInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Fields    map[string]string `json:"fields"`
		Tags      []string          `json:"tags" nullable:"false" maxItems:"100"`
		Level     int               `json:"level"`
		UpdatedAt int64             `json:"updated_at" doc:"修改前看到的 updated_at，防止覆盖别人的修改"`
	}
}

func (c *Console) saveCustomer(ctx context.Context, who call, in *saveCustomerInput) (*body[Customer], error) {
	b := in.Body
	saved, err := c.desk.SaveCustomer(ctx, who.actor(), in.ID, bot.Customer{
		Fields: b.Fields, Tags: b.Tags, Level: b.Level, UpdatedAt: moment(b.UpdatedAt),
	})
	return &body[Customer]{customerOf(saved)}, err
}

type noteInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Text string `json:"text" maxLength:"4000"`
	}
}

func (c *Console) addCustomerNote(ctx context.Context, who call, in *noteInput) (*body[Customer], error) {
	saved, err := c.desk.AddNote(ctx, who.actor(), in.ID, in.Body.Text)
	return &body[Customer]{customerOf(saved)}, err
}

func (c *Console) addDeskPhrases() {
	addDesk(c, operation{id: "listPhrases", method: http.MethodGet, path: "/desk/phrases", who: atDesk(), summary: "常用语"}, c.listPhrases)
	addDesk(c, operation{id: "savePhrase", method: http.MethodPost, path: "/desk/phrases", who: atDesk(), summary: "新建或修改常用语"}, c.savePhrase)
	addDesk(c, operation{id: "dropPhrase", method: http.MethodDelete, path: "/desk/phrases/{id}", who: atDesk(), summary: "删除常用语"}, c.dropPhrase)
}

// Phrase is a quick reply.
type Phrase struct {
	ID       string `json:"id"`
	Shared   bool   `json:"shared" doc:"所有人共用，而不是自己的"`
	Folder   string `json:"folder"`
	Shortcut string `json:"shortcut"`
	Text     string `json:"text"`
	Position int    `json:"position"`
}

func phraseOf(p bot.Phrase) Phrase {
	return Phrase{ID: p.ID, Shared: p.Agent == "", Folder: p.Folder, Shortcut: p.Shortcut, Text: p.Text, Position: p.Position}
}

// PhraseList is quick replies.
type PhraseList struct {
	Phrases []Phrase `json:"phrases" nullable:"false"`
}

func (c *Console) listPhrases(ctx context.Context, who call, _ *none) (*body[PhraseList], error) {
	found, err := c.desk.phrases.List(ctx, who.actor())
	list := PhraseList{Phrases: make([]Phrase, len(found))}
	for i, p := range found {
		list.Phrases[i] = phraseOf(p)
	}
	return &body[PhraseList]{list}, err
}

type savePhraseInput struct {
	Body struct {
		ID       string `json:"id,omitempty" maxLength:"64" doc:"空表示新建"`
		Shared   bool   `json:"shared"`
		Folder   string `json:"folder" maxLength:"400"`
		Shortcut string `json:"shortcut" maxLength:"100"`
		Text     string `json:"text" maxLength:"8000"`
		Position int    `json:"position" minimum:"0" maximum:"100000"`
	}
}

func (c *Console) savePhrase(ctx context.Context, who call, in *savePhraseInput) (*body[Phrase], error) {
	b, actor := in.Body, who.actor()
	phrase := bot.Phrase{ID: b.ID, Agent: actor.ID, Folder: b.Folder, Shortcut: b.Shortcut, Text: b.Text, Position: b.Position}
	if b.Shared {
		phrase.Agent = ""
	}
	if b.ID != bot.CleanText(b.ID) {
		return nil, bot.ErrNotFound
	}
	saved, err := c.desk.phrases.Save(ctx, actor, who.Account.May(staff.SharePhrases), phrase)
	return &body[Phrase]{phraseOf(saved)}, err
}

func (c *Console) dropPhrase(ctx context.Context, who call, in *idPath) (*none, error) {
	if in.ID != bot.CleanText(in.ID) {
		return nil, bot.ErrNotFound
	}
	return &none{}, c.desk.phrases.Drop(ctx, who.actor(), who.Account.May(staff.SharePhrases), in.ID)
}

func (c *Console) addDeskKnowledge() {
	addDesk(c, operation{id: "browseKnowledge", method: http.MethodGet, path: "/desk/knowledge", who: atDesk(), summary: "查知识：按分类，或搜索"}, c.browseKnowledge)
}

type browseInput struct {
	Text     string `query:"text" maxLength:"200" doc:"要搜索的；空表示按分类看"`
	Category string `query:"category" maxLength:"1000" doc:"分类，各级用 / 隔开；空表示最上一级"`
	Channel  string `query:"channel" maxLength:"64" doc:"答案给哪个渠道的访客"`
}

// Shelf is what stands in a category, or what was found.
type Shelf struct {
	Categories []ShelfCategory `json:"categories" nullable:"false"`
	Entries    []ShelfEntry    `json:"entries" nullable:"false"`
}

// ShelfCategory is a category within another.
type ShelfCategory struct {
	Name  string `json:"name"`
	Path  string `json:"path" doc:"用来打开它"`
	Count int    `json:"count" doc:"其中及其下有多少知识点"`
}

// ShelfEntry is an entry with what it says now.
type ShelfEntry struct {
	ID       string `json:"id"`
	Question string `json:"question"`
	Category string `json:"category"`
	Text     string `json:"text"`
	HTML     string `json:"html"`
}

// maxFound is how many entries a search returns, maxShelf how many a category
// shows.
const (
	maxFound = 20
	maxShelf = 200
)

func (c *Console) browseKnowledge(ctx context.Context, _ call, in *browseInput) (*body[Shelf], error) {
	base, q := c.desk.Engine.Knowledge, c.shelfQuery(in.Text, in.Channel)
	shelf := Shelf{Categories: []ShelfCategory{}, Entries: []ShelfEntry{}}
	matcher := base.Matcher()
	var entries []intent.Candidate
	var err error
	if q.Text != "" {
		entries, err = base.Complete(ctx, q, maxFound)
	} else {
		var branches []intent.Branch
		branches, entries = matcher.Browse(q, knowledge.ParsePath(in.Category))
		for _, b := range branches {
			shelf.Categories = append(shelf.Categories, ShelfCategory{b.Path[len(b.Path)-1], b.Path.String(), b.Count})
		}
	}
	for _, found := range entries[:min(len(entries), maxShelf)] {
		if e, ok := matcher.Find(found.Entry); ok {
			if shown := c.shelfEntry(q, e); shown.Text != "" {
				shelf.Entries = append(shelf.Entries, shown)
			}
		}
	}
	return &body[Shelf]{shelf}, err
}

// shelfQuery asks for what stands on the shelf now, for visitors of a channel.
func (c *Console) shelfQuery(text, channel string) intent.Query {
	return intent.Query{
		Text: bot.CleanText(text), At: c.config.Now().In(c.desk.Engine.Zone), Dimension: knowledge.Dimension{Channel: channel},
	}
}

// shelfEntry returns an entry with what it says; the text is empty if that is
// nothing to those who ask.
func (c *Console) shelfEntry(q intent.Query, e knowledge.Entry) ShelfEntry {
	shown := ShelfEntry{ID: e.ID, Question: e.Question, Category: e.Category.String()}
	if d := c.desk.Engine.Knowledge.Choose(q, e.ID); len(d.Texts) > 0 {
		shown.Text, shown.HTML = d.Texts[0], c.desk.rich.HTML(d.Texts[0])
	}
	return shown
}

func (c *Console) addDeskGroups() {
	manage, see := needs(staff.ManageStaff), either(staff.ManageStaff, staff.SuperviseDesk)
	addDesk(c, operation{id: "listGroups", method: http.MethodGet, path: "/groups", who: see, summary: "技能组"}, c.listGroups)
	addDesk(c, operation{id: "saveGroup", method: http.MethodPost, path: "/groups", who: manage, summary: "新建或修改技能组"}, c.saveGroup)
	addDesk(c, operation{id: "dropGroup", method: http.MethodDelete, path: "/groups/{id}", who: manage, summary: "删除技能组"}, c.dropGroup)
	addDesk(c, operation{id: "listSeats", method: http.MethodGet, path: "/seats", who: see, summary: "全部坐席"}, c.listSeats)
	addDesk(c, operation{id: "saveSeat", method: http.MethodPut, path: "/seats/{agent}", who: see, summary: "设置坐席"}, c.saveSeat)
}

// GroupList is all skill groups.
type GroupList struct {
	Groups []Group `json:"groups" nullable:"false"`
}

func (c *Console) groups(ctx context.Context) ([]Group, error) {
	found, err := c.desk.Groups(ctx)
	groups := make([]Group, len(found))
	for i, g := range found {
		groups[i] = groupOf(g)
	}
	return groups, err
}

func (c *Console) listGroups(ctx context.Context, _ call, _ *none) (*body[GroupList], error) {
	groups, err := c.groups(ctx)
	return &body[GroupList]{GroupList{groups}}, err
}

type saveGroupInput struct {
	Body struct {
		ID         string   `json:"id,omitempty" maxLength:"64" doc:"空表示新建"`
		Name       string   `json:"name" maxLength:"400"`
		Channels   []string `json:"channels" nullable:"false" maxItems:"100"`
		Categories []string `json:"categories" nullable:"false" maxItems:"200"`
		Manual     bool     `json:"manual"`
		Direct     bool     `json:"direct"`
		MaxQueue   int      `json:"max_queue" minimum:"0" maximum:"100000"`
		UpdatedAt  int64    `json:"updated_at,omitempty" doc:"修改前看到的 updated_at，防止覆盖别人的修改"`
	}
}

func (c *Console) saveGroup(ctx context.Context, who call, in *saveGroupInput) (*body[Group], error) {
	b := in.Body
	group := bot.Group{
		ID: b.ID, Name: b.Name, Channels: b.Channels, Categories: b.Categories,
		Manual: b.Manual, Direct: b.Direct, MaxQueue: b.MaxQueue, UpdatedAt: moment(b.UpdatedAt),
	}
	act := staff.Act{What: "group.save", Object: b.ID, After: group}
	if b.ID != "" {
		old, err := c.groupOf(ctx, b.ID)
		if err != nil {
			return nil, err
		}
		act.Before = old
	}
	err := c.audited(ctx, who, act, func() (err error) {
		group, err = c.desk.SaveGroup(ctx, group)
		return err
	})
	return &body[Group]{groupOf(group)}, err
}

// groupOf returns a group, or bot.ErrNotFound.
func (c *Console) groupOf(ctx context.Context, id string) (bot.Group, error) {
	groups, err := c.desk.Groups(ctx)
	if err != nil {
		return bot.Group{}, err
	}
	for _, g := range groups {
		if g.ID == id {
			return g, nil
		}
	}
	return bot.Group{}, bot.ErrNotFound
}

func (c *Console) dropGroup(ctx context.Context, who call, in *idPath) (*none, error) {
	old, err := c.groupOf(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	act := staff.Act{What: "group.drop", Object: in.ID, Before: old}
	return &none{}, c.audited(ctx, who, act, func() error { return c.desk.DropGroup(ctx, in.ID) })
}

// SeatList is all seats.
type SeatList struct {
	Seats []Seat `json:"seats" nullable:"false"`
}

func (c *Console) listSeats(ctx context.Context, _ call, _ *none) (*body[SeatList], error) {
	found, err := c.desk.Seats(ctx)
	list := SeatList{Seats: make([]Seat, len(found))}
	for i, s := range found {
		list.Seats[i] = seatOf(s)
	}
	return &body[SeatList]{list}, err
}

type saveSeatInput struct {
	Agent string `path:"agent" maxLength:"64"`
	Body  struct {
		Groups []string `json:"groups" nullable:"false" maxItems:"200"`
		Most   int      `json:"most"`
	}
}

// setUp is what is set of a seat, for the log.
type setUp struct {
	Groups []string `json:"groups"`
	Most   int      `json:"most"`
}

// saveSeat sets up the place of somebody of the staff.
func (c *Console) saveSeat(ctx context.Context, who call, in *saveSeatInput) (*body[Seat], error) {
	nick, err := c.nickOf(ctx, in.Agent)
	if err != nil {
		return nil, err
	}
	act := staff.Act{What: "seat.save", Object: in.Agent, After: setUp{in.Body.Groups, in.Body.Most}}
	if old, err := c.seatOf(ctx, in.Agent); err == nil {
		act.Before = setUp{old.Groups, old.Most}
	}
	err = c.audited(ctx, who, act, func() error {
		return c.desk.SaveSeat(ctx, bot.Seat{Agent: in.Agent, Nick: nick, Groups: in.Body.Groups, Most: in.Body.Most})
	})
	if err != nil {
		return nil, err
	}
	c.desk.hub.refresh()
	saved, err := c.seatOf(ctx, in.Agent)
	return &body[Seat]{seatOf(saved)}, err
}

// nickOf returns the nick of an account, or bot.ErrNotFound.
func (c *Console) nickOf(ctx context.Context, account string) (string, error) {
	all, err := c.staff.Colleagues(ctx)
	if err != nil {
		return "", err
	}
	for _, a := range all {
		if a.ID == account {
			return a.Nick, nil
		}
	}
	return "", bot.ErrNotFound
}
