package richtext_test

import (
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"faqbot/channels/richtext"
)

func TestHTML(t *testing.T) {
	const out = ` rel="noopener noreferrer nofollow" target="_blank"`
	r := richtext.New()
	for _, tt := range []struct{ name, in, want string }{
		{"empty", " \n", ""},
		{"stars", "拨打*123#或*456#查询", "<p>拨打*123#或*456#查询</p>"},
		{"masked number", "尾号138****1234和139****5678", "<p>尾号138****1234和139****5678</p>"},
		{"Chinese numbering", "1、查话费\n2、查流量", "<p>1、查话费<br/>\n2、查流量</p>"},
		{"hash", "#号键返回", "<p>#号键返回</p>"},
		{"underscores", "a_b_c 和 d_e_f", "<p>a_b_c 和 d_e_f</p>"},
		{"less than", "<5升 & >3升", "<p>&lt;5升 &amp; &gt;3升</p>"},
		{"indented", "    缩进", "<p>缩进</p>"},
		{"no code, quotes, rules", "`a`\n> b\n标题\n---", "<p>`a`<br/>\n&gt; b<br/>\n标题<br/>\n---</p>"},
		{"paragraphs", "一\n\n二", "<p>一</p>\n<p>二</p>"},
		{"strong before punctuation", "**重要：**请看", "<p><strong>重要：</strong>请看</p>"},
		{"a line after a list", "请检查：\n1. 甲\n2. 乙\n仍然不行，请报修。", "<p>请检查：</p>\n<ol>\n<li>甲</li>\n<li>乙</li>\n</ol>\n<p>仍然不行，请报修。</p>"},
		{"a line between items", "1. 甲\n说明\n2. 乙", "<ol>\n<li>甲<br/>\n说明</li>\n<li>乙</li>\n</ol>"},
		{"lists", "- 甲\n- 乙", "<ul>\n<li>甲</li>\n<li>乙</li>\n</ul>"},
		{"numbered from 3", "3. 丙\n4. 丁", "<ol start=\"3\">\n<li>丙</li>\n<li>丁</li>\n</ol>"},
		{"link", "[帮助](https://a.example/h)", `<p><a href="https://a.example/h"` + out + `>帮助</a></p>`},
		{"relative link", "[帮助](/h)", `<p><a href="/h"` + out + `>帮助</a></p>`},
		{"phone and mail", "[打](tel:10086) [写](mailto:a@b.cn)", `<p><a href="tel:10086"` + out + `>打</a> <a href="mailto:a@b.cn"` + out + `>写</a></p>`},
		{"address in Chinese", "请访问https://a.example/b?x=1&y=2。谢谢", `<p>请访问<a href="https://a.example/b?x=1&amp;y=2"` + out + `>https://a.example/b?x=1&amp;y=2</a>。谢谢</p>`},
		{"picture", "![图](https://a.example/b.png)", `<p><img src="https://a.example/b.png" alt="图"/></p>`},
		{"script link", "[x](javascript:alert(1))", "<p>x</p>"},
		{"HTML", `<p class="c" style="color:red">你<b>好</b></p>`, "<p>你<b>好</b></p>"},
		{"HTML of one line each", "第一\n<b>第二</b>", "<p>第一<br/>\n<b>第二</b></p>"},
		{"HTML table", "<table><tr><td colspan=2 onclick=x>甲</td></tr></table>", `<table><tbody><tr><td colspan="2">甲</td></tr></tbody></table>`},
		{"open tag", "<div><b>甲", "<div><b>甲</b></div>"},
		{"picture without a scheme", `<img src="/a.png" width="20" onerror=x>`, `<p><img src="/a.png" width="20"/></p>`},
		{"data picture", `<p><img src="data:image/png;base64,AAAA">甲</p>`, "<p>甲</p>"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := r.HTML(tt.in)
			if strings.TrimSpace(got) != tt.want {
				t.Errorf("HTML(%q)\n got %q\nwant %q", tt.in, got, tt.want)
			}
			checkSafe(t, tt.in, got)
		})
	}
}

// handlers and carriers make most of the attacks: each handler on each carrier.
var handlers = []string{"onerror", "onload", "onclick", "onfocus", "onmouseover", "onanimationstart", "ontoggle", "onpointerenter", "OnErRoR", "on\terror"}

var carriers = []string{
	`<img src=x %s=alert(1)>`, `<svg %s=alert(1)>`, `<body %s=alert(1)>`, `<a href="https://a" %s="alert(1)">x</a>`,
	`<p %s=alert(1)>x`, `<details open %s=alert(1)>`, `<input autofocus %s=alert(1)>`, `<video src=x %s=alert(1)>`,
	`<div/%s=alert(1)>`, `<img/src='x'/%s='alert(1)'`,
}

// urls are put where addresses go.
var urls = []string{
	"javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)", "java\tscript:alert(1)",
	"&#106;avascript:alert(1)", "&#x6A&#x61vascript:alert(1)", "javascript&colon;alert(1)", "\x01javascript:alert(1)",
	"data:text/html,<script>alert(1)</script>", "data:text/html;base64,PHNjcmlwdD4=", "vbscript:msgbox(1)", "file:///etc/passwd",
	"blob:https://a/b", "ftp://a/b", "about:blank", "view-source:https://a", "jar:https://a!/b", "feed:javascript:alert(1)", "intent://a#Intent;end",
	"weixin://x", "//javascript:alert(1)", "https:javascript:alert(1)",
}

var places = []string{`<a href="%s">x</a>`, `<img src="%s">`, `[x](%s)`, `![x](%s)`, `<form action="%s"><button>x`, `<iframe src="%s">`}

// others are attacks of their own kind.
var others = []string{
	`<script>alert(1)</script>`, `<SCRIPT SRC=//a/x.js></SCRIPT>`, `<scr<script>ipt>alert(1)</script>`, `<script/x>alert(1)</script>`,
	`<<script>alert(1)//<</script>`, `<script`, `</script><script>alert(1)</script>`, `<style>*{background:url(javascript:alert(1))}</style>`,
	`<p style="background:url(https://a)">x</p>`, `<link rel=stylesheet href=//a>`, `<meta http-equiv=refresh content="0;url=javascript:alert(1)">`,
	`<base href="javascript:/">`, `<object data="javascript:alert(1)">`, `<embed src="javascript:alert(1)">`, `<applet code=x>`,
	`<svg><script>alert(1)</script></svg>`, `<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>`,
	`<svg><animate attributeName=href values=javascript:alert(1)>`, `<svg><foreignObject><iframe srcdoc="<script>alert(1)</script>">`,
	`<math><mi xlink:href="javascript:alert(1)">x</mi></math>`, `<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>`,
	`<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>`,
	`<noscript><p title="</noscript><img src=x onerror=alert(1)>">`, `<textarea><img title="</textarea><img src=x onerror=alert(1)>">`,
	`<title><img title="</title><img src=x onerror=alert(1)>">`, `<xmp><p title="</xmp><img src=x onerror=alert(1)>">`,
	`<template><script>alert(1)</script></template>`, `<iframe srcdoc="<script>alert(1)</script>"></iframe>`, `<iframe><img src=x onerror=alert(1)></iframe>`,
	`<!--><img src=x onerror=alert(1)>-->`, `<!-- --!><img src=x onerror=alert(1)>`, `<![CDATA[<img src=x onerror=alert(1)>]]>`, `<?xml <img src=x onerror=alert(1)>?>`,
	`<p id=location name=x class=y>x</p>`, `<a name=x id=cookie href=https://a>x</a>`, `<img name=getElementById src=x>`,
	`<select><option><img src=x onerror=alert(1)>`, `<keygen autofocus onfocus=alert(1)>`, `<marquee onstart=alert(1)>`, `<isindex action=javascript:alert(1)>`,
	`<a href="https://a" target="_self" rel="opener" ping="https://b" download>x</a>`, `<img srcset="https://a 1x" sizes=1 usemap=#x ismap src=https://b>`,
	`<table background="javascript:alert(1)"><td background=x>`, `<font color="expression(alert(1))">x`, `<button formaction=javascript:alert(1)>x`,
	`<video><source onerror=alert(1)></video>`, `<audio src=x onerror=alert(1)>`, `<dialog open onclose=alert(1)>`, `<x onclick=alert(1)>x</x>`,
	`<p is="x-y" slot=a part=b>x</p>`, `<div contenteditable autofocus tabindex=0>x</div>`, `<a href=https://a onclick=alert(1)//>x`, "<img\x00src=x onerror=alert(1)>",
	"<img src=`x` onerror=alert(1)>", `<img src="x"onerror="alert(1)">`, `<img src=x:x onerror=alert(1)>`, `[x](https://a "onclick=alert(1)")`,
	`[<img src=x onerror=alert(1)>](https://a)`, `![](https://a/"onerror="alert(1))`, `**<script>alert(1)</script>**`, `<https://a/<script>alert(1)</script>>`,
	`https://a.example/"onmouseover="alert(1)`, `https://a.example/'><script>alert(1)</script>`, `a@b.cn"><script>alert(1)</script>`,
	`&lt;script&gt;alert(1)&lt;/script&gt;`, `&amp;lt;img src=x onerror=alert(1)&amp;gt;`, `<p>&lt;img src=x onerror=alert(1)&gt;</p>`,
	"\u2028<script>alert(1)</script>", "＜script＞alert(1)＜/script＞", `<a href="https://a"><a href="javascript:alert(1)">x</a></a>`,
	`<p><table><p><a href=https://a><table><a href=javascript:alert(1)>`, `<b><i></b><script>alert(1)</script></i>`,
	`<listing>&lt;img src=x onerror=alert(1)&gt;</listing>`, `<plaintext><script>alert(1)</script>`, `<frameset onload=alert(1)>`,
	strings.Repeat("<div>", 600) + "<script>alert(1)</script>", strings.Repeat("<a href=https://a>", 50),
}

// corpus returns all attacks.
func corpus() []string {
	all := append([]string(nil), others...)
	for _, c := range carriers {
		for _, h := range handlers {
			all = append(all, strings.ReplaceAll(c, "%s", h))
		}
	}
	for _, p := range places {
		for _, u := range urls {
			all = append(all, strings.ReplaceAll(p, "%s", u))
		}
	}
	return all
}

func TestAttacks(t *testing.T) {
	all := corpus()
	if len(all) < 150 {
		t.Fatalf("only %d attacks", len(all))
	}
	r := richtext.New()
	for _, attack := range all {
		got := r.HTML(attack)
		checkSafe(t, attack, got)
		if again := r.HTML(got); again != got {
			t.Errorf("HTML(%q)\n = %q\nagain %q", attack, got, again)
		}
	}
}

// checkSafe parses the outcome as a browser does and looks for anything that is
// not expected there.
func checkSafe(t *testing.T, in, out string) {
	t.Helper()
	nodes, err := html.ParseFragment(strings.NewReader(out), &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div})
	if err != nil {
		t.Fatalf("the outcome of %q does not parse: %v", in, err)
	}
	for _, n := range nodes {
		checkNode(t, in, n)
	}
}

func checkNode(t *testing.T, in string, n *html.Node) {
	t.Helper()
	const tags = " p br div strong b em i u s del sub sup small ul ol li blockquote pre code hr h1 h2 h3 h4 h5 h6 table thead tbody tr th td a img "
	switch n.Type {
	case html.TextNode:
	case html.ElementNode:
		if !strings.Contains(tags, " "+n.Data+" ") || n.Namespace != "" {
			t.Errorf("%q leaves the element %q", in, n.Data)
		}
	default:
		t.Errorf("%q leaves a node of type %d", in, n.Type)
	}
	for _, a := range n.Attr {
		checkAttribute(t, in, n.Data, a)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		checkNode(t, in, c)
	}
}

func checkAttribute(t *testing.T, in, tag string, a html.Attribute) {
	t.Helper()
	allowed := map[string]string{"a": " href rel target ", "img": " src alt title width height ", "ol": " start ", "td": " colspan rowspan ", "th": " colspan rowspan "}
	schemes := map[string]string{"href": " http https mailto tel  ", "src": " http https  "}
	if !strings.Contains(allowed[tag], " "+a.Key+" ") {
		t.Errorf("%q leaves the attribute %s of %s", in, a.Key, tag)
	}
	if a.Key == "href" || a.Key == "src" {
		u, err := url.Parse(strings.TrimSpace(a.Val))
		if err != nil || !strings.Contains(schemes[a.Key], " "+strings.ToLower(u.Scheme)+" ") {
			t.Errorf("%q leaves %s=%q", in, a.Key, a.Val)
		}
	}
	if a.Key == "rel" && a.Val != "noopener noreferrer nofollow" || a.Key == "target" && a.Val != "_blank" {
		t.Errorf("%q leaves %s=%q", in, a.Key, a.Val)
	}
}

func FuzzHTML(f *testing.F) {
	for _, s := range corpus() {
		f.Add(s)
	}
	r := richtext.New()
	f.Fuzz(func(t *testing.T, s string) {
		got := r.HTML(s)
		checkSafe(t, s, got)
		if again := r.HTML(got); again != got {
			t.Errorf("HTML(%q)\n = %q\nagain %q", s, got, again)
		}
	})
}

func BenchmarkHTML(b *testing.B) {
	r := richtext.New()
	for name, text := range map[string]string{
		"plain":    "您好，退款会在 3 到 5 个工作日内原路退回。\n如有疑问请拨打 10086。",
		"markdown": "**办理步骤**\n\n1. 打开 [帮助](https://a.example/h)\n2. 点“我的订单”\n3. 等待审核\n\n详见 https://a.example/x",
		"html":     "<div><p style='x'>办理步骤</p><ul><li>打开<a href='https://a.example'>帮助</a></li><li>点“我的订单”</li></ul></div>",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				r.HTML(text)
			}
		})
	}
}
