package sim

import (
	"encoding/json"
	"slices"
	"time"
)

// Button is one of the menu below the conversation.
type Button struct {
	Type    string   `json:"type,omitempty"` // click, view, …; none if there are buttons below it
	Name    string   `json:"name"`
	Key     string   `json:"key,omitempty"`
	URL     string   `json:"url,omitempty"`
	Buttons []Button `json:"sub_button,omitempty"`
}

// What a menu may have. Lengths are in bytes.
const (
	maxButtons    = 3
	maxSubButtons = 5
	maxName       = 16
	maxSubName    = 60
	maxKey        = 128
	maxURL        = 1024
)

// buttonCodes are the codes for what is wrong with a button, on each level.
type buttonCodes struct{ kind, name, key, url, longest int }

func codesOf(sub bool) buttonCodes {
	if sub {
		return buttonCodes{codeSubType, codeSubName, codeSubKey, codeSubURL, maxSubName}
	}
	return buttonCodes{codeButtonType, codeButtonName, codeButtonKey, codeButtonURL, maxName}
}

// Menu returns the menu that was published, or nothing.
func (a *Account) Menu() []Button {
	a.platform.mu.Lock()
	defer a.platform.mu.Unlock()
	return a.menu
}

// createMenu publishes a menu in place of the one before.
func (a *Account) createMenu(q *request, _ time.Time) (reply, int) {
	var m struct {
		Button []Button `json:"button"`
	}
	if err := json.Unmarshal(unread(q.body), &m); err != nil {
		return nil, codeJSON
	}
	if code := menuCode(m.Button); code != 0 {
		return nil, code
	}
	a.menu = m.Button
	return nil, 0
}

// menuCode is the code for the first thing that is wrong with a menu.
func menuCode(buttons []Button) int {
	if len(buttons) == 0 || len(buttons) > maxButtons {
		return codeButtons
	}
	for _, b := range buttons {
		if code := buttonCode(b, false); code != 0 {
			return code
		}
		if len(b.Buttons) > maxSubButtons {
			return codeSubButtons
		}
		for _, below := range b.Buttons {
			if code := buttonCode(below, true); code != 0 {
				return code
			}
		}
	}
	return 0
}

func buttonCode(b Button, sub bool) int {
	codes := codesOf(sub)
	switch {
	case b.Name == "" || len(b.Name) > codes.longest:
		return codes.name
	case len(b.Buttons) > 0 && sub:
		return codeMenuLevel
	case len(b.Buttons) > 0:
		return 0
	case b.Type == "view" && (b.URL == "" || len(b.URL) > maxURL):
		return codes.url
	case b.Type == "view":
		return 0
	case !slices.Contains([]string{"click", "scancode_push", "scancode_waitmsg", "pic_sysphoto", "pic_photo_or_album", "pic_weixin", "location_select"}, b.Type):
		return codes.kind
	case b.Key == "" || len(b.Key) > maxKey:
		return codes.key
	}
	return 0
}

// getMenu returns the menu.
func (a *Account) getMenu(*request, time.Time) (reply, int) {
	if len(a.menu) == 0 {
		return nil, codeNoMenu
	}
	return reply{"menu": map[string]any{"button": a.menu}}, 0
}

// deleteMenu takes the menu away.
func (a *Account) deleteMenu(*request, time.Time) (reply, int) {
	a.menu = nil
	return nil, 0
}
