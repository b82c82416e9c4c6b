package envelope_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"faqbot/channels/wechat/envelope"
	"faqbot/channels/wechat/render"
)

// around returns a message with an element of one's own.
func around(element string) []byte {
	return []byte("<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[o1]]></FromUserName>" +
		"<CreateTime>1348831860</CreateTime><MsgType><![CDATA[text]]></MsgType>" + element + "<MsgId>1234567890123456</MsgId></xml>")
}

// TestParseKinds reads the kinds that the platform's pages show.
func TestParseKinds(t *testing.T) {
	head := envelope.Message{To: "gh_1", From: "o1", CreatedAt: time.Unix(1348831860, 0).UTC()}
	with := func(change func(*envelope.Message)) envelope.Message {
		m := head
		change(&m)
		return m
	}
	for name, tt := range map[string]struct {
		xml  string
		want envelope.Message
	}{
		"text": {"<MsgType>text</MsgType><Content><![CDATA[ 充值 \n& <卡> ]]></Content><MsgId>1</MsgId>", with(func(m *envelope.Message) {
			m.Type, m.Content, m.ID = "text", " 充值 \n& <卡> ", "1"
		})},
		"tap": {"<MsgType>text</MsgType><Content>满意</Content><bizmsgmenuid>101</bizmsgmenuid><MsgId>2</MsgId>", with(func(m *envelope.Message) {
			m.Type, m.Content, m.MenuID, m.ID = "text", "满意", "101", "2"
		})},
		"tap on what is no number": {"<MsgType>text</MsgType><Content>满意</Content><bizmsgmenuid>99999999999999999999a</bizmsgmenuid><MsgId>2</MsgId>", with(func(m *envelope.Message) {
			m.Type, m.Content, m.MenuID, m.ID = "text", "满意", "99999999999999999999a", "2"
		})},
		"image": {"<MsgType>image</MsgType><PicUrl>http://mmbiz.qpic.cn/a?b=1&amp;c=2</PicUrl><MediaId>m1</MediaId><MsgId>3</MsgId>", with(func(m *envelope.Message) {
			m.Type, m.PicURL, m.MediaID, m.ID = "image", "http://mmbiz.qpic.cn/a?b=1&c=2", "m1", "3"
		})},
		"voice": {"<MsgType>voice</MsgType><MediaId>m2</MediaId><Format>amr</Format><Recognition></Recognition><MsgId> 4 </MsgId>", with(func(m *envelope.Message) {
			m.Type, m.MediaID, m.Format, m.ID = "voice", "m2", "amr", "4"
		})},
		"voice understood": {"<MsgType>voice</MsgType><MediaId>m2</MediaId><Format>speex</Format><Recognition><![CDATA[怎么充值？]]></Recognition><MsgId>5</MsgId>", with(func(m *envelope.Message) {
			m.Type, m.MediaID, m.Format, m.Recognition, m.ID = "voice", "m2", "speex", "怎么充值？", "5"
		})},
		"place": {"<MsgType>location</MsgType><Location_X>23.134521</Location_X><Location_Y>-113.358803</Location_Y><Scale>20</Scale><Label>位置信息</Label><MsgId>6</MsgId>", with(func(m *envelope.Message) {
			m.Type, m.X, m.Y, m.Scale, m.Label, m.ID = "location", 23.134521, -113.358803, 20, "位置信息", "6"
		})},
		"bad place": {"<MsgType>location</MsgType><Location_X>NaN</Location_X><Location_Y>1e999</Location_Y><Scale>x</Scale><MsgId>6</MsgId>", with(func(m *envelope.Message) {
			m.Type, m.ID = "location", "6"
		})},
		"link": {"<MsgType>link</MsgType><Title>t</Title><Description>d</Description><Url>u</Url><MsgId>7</MsgId>", with(func(m *envelope.Message) {
			m.Type, m.Title, m.Description, m.URL, m.ID = "link", "t", "d", "u", "7"
		})},
		"unknown kind": {"<MsgType>hologram</MsgType><Depth><Of>9</Of></Depth><MsgId>8</MsgId>", with(func(m *envelope.Message) {
			m.Type, m.ID = "hologram", "8"
		})},
		"follow by a code": {"<MsgType>event</MsgType><Event>subscribe</Event><EventKey>qrscene_123</EventKey><Ticket>T</Ticket>", with(func(m *envelope.Message) {
			m.Type, m.Event, m.EventKey, m.Ticket = "event", "subscribe", "qrscene_123", "T"
		})},
		"click": {"<MsgType>event</MsgType><Event>CLICK</Event><EventKey>k</EventKey>", with(func(m *envelope.Message) {
			m.Type, m.Event, m.EventKey = "event", "CLICK", "k"
		})},
		"position": {"<MsgType>event</MsgType><Event>LOCATION</Event><Latitude>23</Latitude><Precision>x</Precision>", with(func(m *envelope.Message) {
			m.Type, m.Event = "event", "LOCATION"
		})},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := envelope.Parse([]byte("<xml><ToUserName>gh_1</ToUserName>\n<FromUserName>o1</FromUserName>\r\n<CreateTime>1348831860</CreateTime>" + tt.xml + "</xml>"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("message (-want +got)\n%s", diff)
			}
		})
	}
}

// TestParseRepairs is WT16 where the message can be saved.
func TestParseRepairs(t *testing.T) {
	for name, tt := range map[string]struct{ content, want string }{
		"control character":    {"<![CDATA[充\v值\x00卡]]>", "充值卡"},
		"outside of CDATA":     {"充\v值\x1f卡\x7f", "充值卡\x7f"},
		"its reference":        {"充&#xB;值&#11;&#x41;", "充\uFFFD值\uFFFDA"},
		"as text":              {"<![CDATA[&#xB; &#11; &#xD800;]]>", "&#xB; &#11; &#xD800;"},
		"lone surrogate":       {"a&#xD83D;b&#56832;", "a\uFFFDb\uFFFD"},
		"surrogate in JSON":    {`<![CDATA[\ud83d]]>`, `\ud83d`},
		"surrogate in bytes":   {"<![CDATA[a\xed\xa0\xbdb]]>", "a\uFFFD\uFFFD\uFFFDb"},
		"no such character":    {"a&#x110000;b&#99999999999999999999;", "a\uFFFDb\uFFFD"},
		"invalid UTF-8":        {"<![CDATA[a\xff\xfeb\xe4\xbd]]>", "a\uFFFD\uFFFDb\uFFFD\uFFFD"},
		"no characters":        {"<![CDATA[a\uFFFEb\uFFFF&#xFFFE;]]>&#xFFFF;", "ab&#xFFFE;\uFFFD"},
		"emoji":                {"<![CDATA[😀[微笑]/::)]]>&#x1F600;", "😀[微笑]/::)😀"},
		"CDATA in two":         {"<![CDATA[a]]]]><![CDATA[>&#11;]]>", "a]]>&#11;"},
		"an empty one":         {"", ""},
		"a DTD, in words":      {"<![CDATA[<!DOCTYPE a [<!ENTITY b \"c\">]>]]>", `<!DOCTYPE a [<!ENTITY b "c">]>`},
		"comment, instruction": {"a<!-- b --><?c d?>e", "ae"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := envelope.Parse(around("<Content>" + tt.content + "</Content>"))
			if err != nil || m.Content != tt.want || m.ID != "1234567890123456" {
				t.Errorf("content %q, id %q, %v; want %q", m.Content, m.ID, err, tt.want)
			}
		})
	}
}

// bomb is the billion laughs.
func bomb() []byte {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0"?><!DOCTYPE xml [<!ENTITY l0 "哈">`)
	for i := range 9 {
		fmt.Fprintf(&b, `<!ENTITY l%d "%s">`, i+1, strings.Repeat(fmt.Sprintf("&l%d;", i), 10))
	}
	b.WriteString("]>")
	b.Write(around("<Content>&l9;</Content>"))
	return []byte(b.String())
}

// TestParseRefuses is WT16 where nothing can be saved.
func TestParseRefuses(t *testing.T) {
	whole := string(around(""))
	for name, raw := range map[string]string{
		"nothing":         "",
		"no XML":          "hello",
		"JSON":            `{"MsgType":"text"}`,
		"cut off":         whole[:len(whole)-10],
		"in the CDATA":    whole[:30],
		"wrong end":       string(around("<Content>a</Contents>")),
		"other root":      strings.ReplaceAll(whole, "xml>", "html>"),
		"entity bomb":     string(bomb()),
		"external entity": `<!DOCTYPE xml [<!ENTITY f SYSTEM "file:///etc/passwd">]>` + string(around("<Content>&f;</Content>")),
		"DTD":             `<!DOCTYPE xml>` + whole,
		"DTD inside":      string(around(`<!ENTITY a "b">`)),
		"unknown entity":  string(around("<Content>&nbsp;</Content>")),
		"other charset":   `<?xml version="1.0" encoding="GBK"?>` + whole,
		"no sender":       strings.ReplaceAll(whole, "FromUserName", "From"),
		"no type":         strings.ReplaceAll(whole, "MsgType", "Type"),
		"no time":         strings.ReplaceAll(whole, "1348831860", ""),
		"bad time":        strings.ReplaceAll(whole, "1348831860", "-1"),
		"time too large":  strings.ReplaceAll(whole, "1348831860", "99999999999999999999"),
		"sealed":          "<xml><Encrypt>x</Encrypt></xml>",
		"deep":            strings.Repeat("<xml>", 12000),
		"10 MB":           string(around("<Content>" + strings.Repeat("啊", 10<<20/3) + "</Content>")),
		"a byte too many": string(around("<Content>" + strings.Repeat("a", envelope.MaxBody) + "</Content>")),
	} {
		t.Run(name, func(t *testing.T) {
			m, err := envelope.Parse([]byte(raw))
			if !errors.Is(err, envelope.ErrMalformed) || m != (envelope.Message{}) {
				t.Errorf("message %+v, error %v", m, err)
			}
		})
	}
}

func TestParseLargest(t *testing.T) {
	empty := around("<Content></Content>")
	text := strings.Repeat("a", envelope.MaxBody-len(empty))
	if m, err := envelope.Parse(around("<Content>" + text + "</Content>")); err != nil || m.Content != text {
		t.Errorf("%d bytes of content of %d, %v", len(m.Content), len(text), err)
	}
}

func TestAfter2038(t *testing.T) {
	m := envelope.Message{From: "o1", Type: "text", ID: "1", CreatedAt: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}
	if got, err := envelope.Parse(envelope.Build(m)); err != nil || got != m {
		t.Errorf("message %+v, %v", got, err)
	}
}

// TestKey is WT6, WT7 and the replay of WT17.
func TestKey(t *testing.T) {
	when := time.Unix(1348831860, 0)
	long := strings.Repeat("长", 1000)
	all := map[string]envelope.Message{
		"m:o1:7":                      {From: "o1", ID: "7", Type: "text", Content: "a", CreatedAt: when},
		"m:o2:7":                      {From: "o2", ID: "7", Type: "text", Content: "a", CreatedAt: when},
		"m:o1:8":                      {From: "o1", ID: "8", Type: "text", Content: "a", CreatedAt: when},
		"e:o1:1348831860:CLICK:k":     {From: "o1", Type: "event", Event: "CLICK", EventKey: "k", CreatedAt: when},
		"e:o2:1348831860:CLICK:k":     {From: "o2", Type: "event", Event: "CLICK", EventKey: "k", CreatedAt: when},
		"e:o1:1348831861:CLICK:k":     {From: "o1", Type: "event", Event: "CLICK", EventKey: "k", CreatedAt: when.Add(time.Second)},
		"e:o1:1348831860:CLICK:l":     {From: "o1", Type: "event", Event: "CLICK", EventKey: "l", CreatedAt: when},
		"e:o1:1348831860:VIEW:k":      {From: "o1", Type: "event", Event: "VIEW", EventKey: "k", CreatedAt: when},
		"e:o1:1348831860:subscribe:":  {From: "o1", Type: "event", Event: "subscribe", CreatedAt: when},
		"e:o1:1348831860:VIEW:* long": {From: "o1", Type: "event", Event: "VIEW", EventKey: long, CreatedAt: when},
		"e:o1:1348831860:VIEW:* more": {From: "o1", Type: "event", Event: "VIEW", EventKey: long + "1", CreatedAt: when},
		"e:o1:1348831860:VIEW:* URL":  {From: "o1", Type: "event", Event: "VIEW", EventKey: "https://a/b", CreatedAt: when},
		"e:o1:1348831860:* colon":     {From: "o1", Type: "event", Event: "VIEW:https", EventKey: "//a/b", CreatedAt: when},
		"o:o1:1348831860:text:* a":    {From: "o1", Type: "text", Content: "a", CreatedAt: when},
		"o:o1:1348831860:text:* b":    {From: "o1", Type: "text", Content: "b", CreatedAt: when},
		"m:* long":                    {From: long, ID: long, Type: "text", CreatedAt: when},
	}
	seen := map[string]string{}
	for want, m := range all {
		got := m.Key()
		if start, _, digested := strings.Cut(want, "*"); digested && !strings.HasPrefix(got, start) || !digested && got != want {
			t.Errorf("key %q, want %q", got, want)
		}
		if seen[got] != "" {
			t.Errorf("%q has the key of %q", want, seen[got])
		}
		if seen[got] = want; len(got) >= 300 || got != m.Key() {
			t.Errorf("%q: %d bytes, then %q", want, len(got), m.Key())
		}
	}
}

// messages draws messages of which nothing needs repair.
func messages() *rapid.Generator[envelope.Message] {
	text := rapid.StringOf(rapid.RuneFrom([]rune("ab<>&]['\"!-—  \n\t字😀;#x0\uFFFD")))
	word := rapid.StringMatching(`[A-Za-z0-9_-]{1,30}`)
	return rapid.Custom(func(t *rapid.T) envelope.Message {
		m := envelope.Message{
			To:          text.Draw(t, "to"),
			From:        word.Draw(t, "from"),
			ID:          rapid.StringMatching(`[0-9]{0,19}`).Draw(t, "id"),
			Type:        rapid.SampledFrom([]string{"text", "event", "location", "new"}).Draw(t, "type"),
			Event:       text.Draw(t, "event"),
			EventKey:    text.Draw(t, "key"),
			Ticket:      text.Draw(t, "ticket"),
			Content:     text.Draw(t, "content"),
			MenuID:      word.Draw(t, "menu"),
			MediaID:     text.Draw(t, "media"),
			PicURL:      text.Draw(t, "picture"),
			Format:      text.Draw(t, "format"),
			Recognition: text.Draw(t, "recognition"),
			Title:       text.Draw(t, "title"),
			Description: text.Draw(t, "description"),
			URL:         text.Draw(t, "url"),
			Label:       text.Draw(t, "label"),
			CreatedAt:   time.Unix(rapid.Int64Range(0, 1<<36-1).Draw(t, "at"), 0).UTC(),
		}
		if m.Type == "location" {
			m.X, m.Y = rapid.Float64Range(-90, 90).Draw(t, "x"), rapid.Float64Range(-180, 180).Draw(t, "y")
			m.Scale = rapid.IntRange(0, 30).Draw(t, "scale")
		}
		return m
	})
}

func TestBuildParse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := messages().Draw(t, "message")
		got, err := envelope.Parse(envelope.Build(want))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("message (-want +got)\n%s", diff)
		}
	})
}

// TestBuildDoesNotRepair: the simulator sends what the platform would.
func TestBuildDoesNotRepair(t *testing.T) {
	raw := envelope.Build(envelope.Message{From: "o1", Type: "text", Content: "a\vb", CreatedAt: now})
	if !bytes.ContainsRune(raw, '\v') {
		t.Errorf("built %q", raw)
	}
}

// reply is a passive reply as the platform reads it.
type reply struct {
	XMLName  xml.Name `xml:"xml"`
	To       string   `xml:"ToUserName"`
	From     string   `xml:"FromUserName"`
	At       int64    `xml:"CreateTime"`
	Type     string   `xml:"MsgType"`
	Content  string   `xml:"Content"`
	Image    string   `xml:"Image>MediaId"`
	Count    int      `xml:"ArticleCount"`
	Articles []struct {
		Title, Description, PicUrl, Url string
	} `xml:"Articles>item"`
}

func read(t *testing.T, raw []byte) reply {
	t.Helper()
	var r reply
	if err := xml.Unmarshal(raw, &r); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	if r.To != "o1" || r.From != "gh_1" || r.At != now.Unix() {
		t.Errorf("reply from %q to %q at %d", r.From, r.To, r.At)
	}
	return r
}

func TestTextReply(t *testing.T) {
	for text, want := range map[string]string{
		`<a href="https://a/?b=1&c=2">充值</a>`: `<a href="https://a/?b=1&c=2">充值</a>`,
		"]]> and ]]]]>> and <![CDATA[":        "]]> and ]]]]>> and <![CDATA[",
		"a\nb\v\x00\xff😀":                     "a\nb\uFFFD😀",
		"":                                    "",
	} {
		if r := read(t, envelope.TextReply("o1", "gh_1", text, now)); r.Type != "text" || r.Content != want {
			t.Errorf("%s reply %q, want %q", r.Type, r.Content, want)
		}
	}
	if raw := envelope.TextReply("o1", "gh_1", "<b>", now); !bytes.Contains(raw, []byte("<![CDATA[<b>]]>")) {
		t.Errorf("not CDATA: %s", raw)
	}
}

func TestImageReply(t *testing.T) {
	if r := read(t, envelope.ImageReply("o1", "gh_1", "m<1>", now)); r.Type != "image" || r.Image != "m<1>" {
		t.Errorf("reply %+v", r)
	}
}

func TestNewsReply(t *testing.T) {
	r := read(t, envelope.NewsReply("o1", "gh_1", []render.Card{
		{Title: "标题 ]]>\v", Description: "a & b", URL: "https://a/?b=1&c=2", Picture: "https://p"},
	}, now))
	if r.Type != "news" || r.Count != 1 || len(r.Articles) != 1 {
		t.Fatalf("reply %+v", r)
	}
	got := r.Articles[0]
	if got.Title != "标题 ]]>" || got.Description != "a & b" || got.Url != "https://a/?b=1&c=2" || got.PicUrl != "https://p" {
		t.Errorf("card %+v", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range [][]byte{
		around(""), around("<Content><![CDATA[a]]]]><![CDATA[>]]></Content>"), around("<Content>\v&#xB;&#xD800;\xff</Content>"),
		around("<Content>&amp;&#13;\r\n</Content><Location_X>1e9</Location_X>"), around("<Content>")[:150], bomb(),
		[]byte("<xml><Encrypt>"), []byte("\xef\xbb\xbf<xml/>"), nil,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := envelope.Parse(raw)
		if err != nil {
			if !errors.Is(err, envelope.ErrMalformed) || m != (envelope.Message{}) {
				t.Errorf("message %+v, %v", m, err)
			}
			return
		}
		again := envelope.Build(m)
		got, err := envelope.Parse(again)
		if len(again) > envelope.MaxBody {
			return
		}
		if err != nil {
			t.Fatalf("%v in %q", err, again)
		}
		if diff := cmp.Diff(plain(m), plain(got)); diff != "" {
			t.Errorf("message (-first +again)\n%s", diff)
		}
	})
}

// plain returns a message without what XML and Build do not keep: the kind of line
// ends, and places of what is no place.
func plain(m envelope.Message) string {
	if m.Type != "location" {
		m.X, m.Y, m.Scale = 0, 0, 0
	}
	return strings.ReplaceAll(strings.ReplaceAll(fmt.Sprintf("%+v", m), "\r\n", "\n"), "\r", "\n")
}
