package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/proto"

	"faqbot/bot"
)

// payloads are texts that run as a script where a page takes them for markup. In
// each, §  stands for the number of the payload.
var payloads = strings.Split(strings.TrimSpace(`
<script>__xss(§)</script>
<ScRiPt>__xss(§)</sCrIpT>
<script src=data:text/javascript,__xss(§)></script>
<scr<script>ipt>__xss(§)</scr</script>ipt>
"><script>__xss(§)</script>
'><script>__xss(§)</script>
</textarea><script>__xss(§)</script>
</title><script>__xss(§)</script>
</style><script>__xss(§)</script>
--><script>__xss(§)</script>
]]><script>__xss(§)</script>
<img src=x onerror=__xss(§)>
<img src=x onerror="__xss(§)" alt="x">
<img src='x'onerror='__xss(§)'>
<img/src=x/onerror=__xss(§)>
<img src=x:x onerror=__xss(§)//
<img src="javascript:__xss(§)">
<img srcset="x" onerror=__xss(§)>
<img src=x onerror=&#95;&#95;xss(§)>
<svg onload=__xss(§)>
<svg/onload=__xss(§)>
<svg><script>__xss(§)</script></svg>
<svg><animate onbegin=__xss(§) attributeName=x dur=1s>
<svg><a xlink:href="javascript:__xss(§)"><text x=20 y=20>点我</text></a></svg>
<svg><set onbegin=__xss(§) attributename=x></svg>
<svg><foreignObject><iframe srcdoc="<script>parent.__xss(§)</script>"></iframe></foreignObject></svg>
<math><mtext><table><mglyph><style><img src=x onerror=__xss(§)></style></mglyph></table></mtext></math>
<math><mi xlink:href="data:x,<script>__xss(§)</script>">
<iframe src="javascript:parent.__xss(§)"></iframe>
<iframe srcdoc="<script>parent.__xss(§)</script>"></iframe>
<iframe onload=__xss(§)></iframe>
<object data="javascript:__xss(§)"></object>
<object data="data:text/html,<script>parent.__xss(§)</script>"></object>
<embed src="javascript:__xss(§)">
<a href="javascript:__xss(§)">点我</a>
<a href="JaVaScRiPt:__xss(§)">点我</a>
<a href="java&#9;script:__xss(§)">点我</a>
<a href="&#x6a;avascript:__xss(§)">点我</a>
<a href=" javascript:__xss(§)">点我</a>
<a href="data:text/html,<script>__xss(§)</script>">点我</a>
<a href="vbscript:__xss(§)">点我</a>
<a onmouseover=__xss(§)>点我</a>
[点我](javascript:__xss(§))
[点我](JAVASCRIPT:__xss(§))
[点我](java%0ascript:__xss(§))
[点我](data:text/html;base64,PHNjcmlwdD5fX3hzcygxKTwvc2NyaXB0Pg==)
![图](javascript:__xss(§))
![图](x"onerror="__xss(§))
[点我](https://example.com/"onmouseover="__xss(§))
<javascript:__xss(§)>
[a]: javascript:__xss(§)
<details open ontoggle=__xss(§)><summary>开</summary></details>
<video><source onerror=__xss(§)></video>
<audio src=x onerror=__xss(§)>
<body onload=__xss(§)>
<input autofocus onfocus=__xss(§)>
<select autofocus onfocus=__xss(§)>
<textarea autofocus onfocus=__xss(§)>
<marquee onstart=__xss(§)>动</marquee>
<form><button formaction="javascript:__xss(§)">点我</button></form>
<form action="javascript:__xss(§)"><input type=submit></form>
<base href="javascript:__xss(§)//">
<meta http-equiv="refresh" content="0;url=javascript:__xss(§)">
<link rel=stylesheet href="data:text/css,*{background:url(javascript:__xss(§))}">
<style>@import 'javascript:__xss(§)';</style>
<div style="background:url(javascript:__xss(§))">x</div>
<div style="width:expression(__xss(§))">x</div>
<template><script>__xss(§)</script></template>
<noscript><p title="</noscript><img src=x onerror=__xss(§)>">
<xmp><img src=x onerror=__xss(§)></xmp>
<p id=__fired name=__xss>§</p>
<x onclick=__xss(§) tabindex=1 id=x>点我</x>
{{constructor.constructor('__xss(§)')()}}
${__xss(§)}
javascript:__xss(§)
'-__xss(§)-'
\";__xss(§);//
`), "\n")

// numberedPayloads returns the payloads with their numbers.
func numberedPayloads() []string {
	texts := make([]string, len(payloads))
	for i, p := range payloads {
		texts[i] = strings.ReplaceAll(p, "§", fmt.Sprint(i))
	}
	return texts
}

// harmless fails the test if something ran, or is there that could.
func (w *window) harmless(where string) {
	w.t.Helper()
	if found := w.eval(w.chat, `() => {
		const bad = []
		for (const e of document.querySelector('.app, body').querySelectorAll('*')) {
			if (['script', 'iframe', 'frame', 'object', 'embed', 'base', 'meta', 'link', 'style', 'form', 'math', 'template', 'video', 'audio'].includes(e.localName) && !(e.localName === 'form' && e.querySelector('textarea'))) bad.push(e.outerHTML)
			if (e.namespaceURI.endsWith('svg') && !['svg', 'path'].includes(e.localName)) bad.push(e.outerHTML)
			for (const a of e.attributes) {
				if (/^on/i.test(a.name) || (/^(href|src|action|formaction|xlink:href|srcdoc)$/i.test(a.name) && /^\s*(javascript|data|vbscript):/i.test(a.value))) bad.push(e.outerHTML)
			}
		}
		return [...new Set(bad)].join('\n')
	}`); found != "" {
		w.t.Errorf("%s: dangerous elements are shown:\n%s", where, found)
	}
	w.untrapped()
}

// Questions and answers of the knowledge and texts of visitors are payloads: all
// of them are shown, none of them runs.
func testXSSInMessages(t *testing.T, s *stage) {
	texts := numberedPayloads()
	var lines strings.Builder
	for i, text := range texts {
		entry, err := json.Marshal(map[string]any{
			"id": fmt.Sprintf("xss-%d", i), "question": text, "answers": []any{map[string]any{"texts": []string{text}}},
			"related": []string{texts[(i+1)%len(texts)]}, "hot": i < 8,
		})
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(append(entry, '\n'))
	}
	p := s.start(t, knowledgeOf(t, lines.String()), "FAQBOT_LIMITS_NETWORK=0")
	const atOnce = 10 // what one visitor may send at once
	for from := 0; from < len(texts); from += atOnce {
		part := texts[from:min(from+atOnce, len(texts))]
		token := say(t, p.url, from, part)
		w := asVisitor(t, s.profile(t), p.url, token)
		w.wait("all messages", `(n) => [...document.querySelectorAll('[role=log] .plain, [role=log] [data-kind]')].length >= n`, 2*len(part))
		shown := strings.Join(strings.Fields(w.eval(w.chat, `() => document.querySelector('[role=log]').textContent`)), " ")
		for _, text := range part {
			if !strings.Contains(shown, strings.Join(strings.Fields(text), " ")) {
				t.Errorf("%q is not shown as it is in\n%s", text, shown)
			}
		}
		w.harmless("messages")
		if from == 0 {
			w.write("xss") // type-ahead
			w.find("[role=option]", "xss")
			w.harmless("type-ahead")
			w.shoot("desktop-xss")
		}
		w.must(w.page.Close())
		w.chat = w.page
	}
}

// say sends payloads as a visitor, each answered with itself, and returns the
// token of the visitor.
func say(t *testing.T, address string, from int, texts []string) string {
	t.Helper()
	c := newTab(t, address, "", false)
	for i, text := range texts {
		c.send(outgoing{Kind: bot.KindPick, Entry: fmt.Sprintf("xss-%d", from+i), Text: text})
		ack := c.await("ack")
		c.upTo(int(ack.Seq) + 1)
		if c.lines[ack.Seq].Kind != bot.KindAnswer {
			t.Errorf("%q is answered with %+v", text, c.lines[ack.Seq])
		}
	}
	return c.token
}

// asVisitor opens the chat as a visitor who was here before.
func asVisitor(t *testing.T, b *rod.Browser, address, token string) *window {
	t.Helper()
	w := blank(t, b, 800, 900)
	w.open(address + "/healthz")
	w.eval(w.page, `(token) => { localStorage.setItem('faqbot.token.', token); return '' }`, token)
	w.open(address + "/chat/frame")
	w.ready()
	return w
}

// What a page says of itself and of its visitor, and what its address holds, is
// shown or stored, and never runs.
func testXSSInProfile(t *testing.T, s *stage) {
	const some = `"><img src=x onerror=__xss(1)><script>__xss(2)</script>'-__xss(3)-'</title>`
	p := s.start(t, knowledgeOf(t, shop))
	b := s.profile(t)
	w := blank(t, b, 800, 900)
	query := url.Values{}
	for _, name := range []string{"title", "welcome", "placeholder", "color", "lang", "account", "name", "q"} {
		query.Set(name, some)
	}
	query.Del("account") // of letters and digits only
	w.open(p.url + "/chat/frame?" + query.Encode() + "#" + some)
	w.ready()
	w.seeAnywhere("__xss(2)") // the title is shown as it is
	w.ask("怎么办理宽带")
	w.see("身份证")
	w.harmless("the address")
	c, _ := stored(t, p.db)
	if !strings.Contains(c.Profile.Name, "onerror=__xss(1)") || !strings.Contains(c.Profile.Page, "xss") {
		t.Errorf("the profile is %+v", c.Profile)
	}

	attribute := strings.NewReplacer(`"`, "&quot;").Replace(some)
	p, address := allowed(t, s, "<title>"+strings.ReplaceAll(some, "</title>", "")+"</title>",
		fmt.Sprintf(`data-title="%[1]s" data-welcome="%[1]s" data-name="%[1]s" data-color="%[1]s" data-placeholder="%[1]s"`, attribute))
	w = blank(t, b, 1280, 800)
	_, err := proto.PageNavigate{URL: address + "/?" + query.Encode(), Referrer: address + "/?from=" + url.QueryEscape(some)}.Call(w.page)
	w.must(err)
	w.openChat()
	w.seeAnywhere("__xss(2)")
	w.ask("怎么办理宽带")
	w.see("身份证")
	w.harmless("the options of the page")
	if c, _ := stored(t, p.db); !strings.Contains(c.Profile.Referrer, "__xss") || !strings.Contains(c.Profile.Title, "onerror=") {
		t.Errorf("the profile is %+v", c.Profile)
	}
	w.shoot("desktop-xss-options")
}

// The form of a leave-message shows what was filled in.
func testXSSInForm(t *testing.T, s *stage) {
	const some = `<img src=x onerror=__xss(1)>`
	p := s.start(t, knowledgeOf(t, shop))
	w := visit(t, s.profile(t), p)
	w.ask("转人工")
	w.fill("称呼", some)
	w.fill("留言内容", `"><script>__xss(2)</script>`+some)
	w.tap("button", "提交留言")
	w.see("留言已收到")
	w.see(some)
	w.harmless("the form")
	leaves, err := conversations(t, p.db).Leaves(t.Context(), "", 10)
	if err != nil || len(leaves) != 1 || leaves[0].Name != some {
		t.Errorf("leave-messages: %+v, %v", leaves, err)
	}
	w.flawless()
}
