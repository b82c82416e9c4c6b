// Package render turns messages of a conversation into what an official account
// may send: text with links, pictures, cards and menus to tap, within the
// platform's limits.
package render

import "faqbot/bot"

// Limits of one text: what the platform takes is not written down reliably, this
// is on the safe side.
const (
	MaxRunes = 600
	MaxBytes = 2000
)

// Part is one message of the platform, or a piece of one.
type Part struct {
	// One of these is set.
	Text  string `json:"text,omitempty"`
	Image *Image `json:"image,omitempty"`
	News  []Card `json:"news,omitempty"` // 图文; one at most for a passive reply or 客服消息
	Menu  *Menu  `json:"menu,omitempty"`
}

// Image is a picture to be uploaded: a file of the conversation, or an address.
type Image struct {
	File string `json:"file,omitempty"` // id of a bot.File
	URL  string `json:"url,omitempty"`
	Alt  string `json:"alt,omitempty"`
}

// Card is a picture with a title that opens a page.
type Card struct {
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	URL         string `json:"url"`
	Picture     string `json:"picture,omitempty"` // its address
}

// Menu is a list to tap. Where an account may not send it, Numbered shows it as
// text. Head may be a whole answer, with links.
type Menu struct {
	Head  string `json:"head,omitempty"`
	Items []Item `json:"items"`
	Tail  string `json:"tail,omitempty"`
}

// Item is one of a menu.
type Item struct {
	ID    int64  `json:"id"` // given by the channel; 0 until then
	Label string `json:"label"`
	Act   Act    `json:"act"`
}

// Act is what tapping an item, or sending its number, does: an Inbound of that kind.
type Act struct {
	Kind   bot.MessageKind `json:"kind"` // pick, handoff, unqueue, solved, rating, feedback
	Option *bot.Option     `json:"option,omitempty"`
	Of     int64           `json:"of,omitempty"`
	Yes    *bool           `json:"yes,omitempty"`
	Stars  int             `json:"stars,omitempty"`
}
