package render_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"faqbot/bot"
	"faqbot/channels/richtext"
	"faqbot/channels/wechat/render"
)

func text(s string) render.Part { return render.Part{Text: s} }

func picture(url, alt string) render.Part {
	return render.Part{Image: &render.Image{URL: url, Alt: alt}}
}

func options() render.Options {
	return render.Options{Rich: richtext.New(), Links: "https://www.gas.example/help/"}
}

// answer is what the bot answers.
func answer(text string, options ...bot.Option) bot.Message {
	return bot.Message{Seq: 7, Author: bot.FromBot, Kind: bot.KindAnswer, Text: text, Card: bot.Card{Options: options}}
}

// TestAnswers shows what becomes of stored answers: plain text, light Markdown, and
// the HTML that other products export.
func TestAnswers(t *testing.T) {
	o := options()
	for _, tt := range []struct {
		name, in string
		want     []render.Part
	}{
		{"plain", "59元套餐：20GB流量+200分钟通话。点公众号菜单“办理-5G套餐”可直接订购。", []render.Part{text("59元套餐：20GB流量+200分钟通话。点公众号菜单“办理-5G套餐”可直接订购。")}},
		{"stars and hashes", "输入 **21*要转到的号码# 并拨出，只在无人接听时转移的，输入 **61*号码#。", []render.Part{text("输入 **21*要转到的号码# 并拨出，只在无人接听时转移的，输入 **61*号码#。")}},
		{"list", "按同时用水的点位来选：\n1. 一厨一卫：12–13 升；\n2. 两个卫生间：18–20 升以上。\n北方建议再加大一档。", []render.Part{text("按同时用水的点位来选：\n1. 一厨一卫：12–13 升；\n2. 两个卫生间：18–20 升以上。\n北方建议再加大一档。")}},
		{"from three, and points", "3. 丙\n4. 丁\n\n- 甲\n- 乙", []render.Part{text("3. 丙\n4. 丁\n• 甲\n• 乙")}},
		{"bold, link, paragraphs", "**办理条件**\n\n\n\n详见[资费说明](https://a.example/fee?a=1&b=2)。", []render.Part{text("办理条件\n\n详见<a href=\"https://a.example/fee?a=1&b=2\">资费说明</a>。")}},
		{"relative links", "[报修](repair?kind=1) [首页](/) [上面](#top) [附近](//map.example/x)", []render.Part{text(`<a href="https://www.gas.example/help/repair?kind=1">报修</a> <a href="https://www.gas.example/">首页</a> 上面 <a href="https://map.example/x">附近</a>`)}},
		{"phone and mail", "[客服热线](tel:95598)、[tel 10086](tel:10086)、[写信](mailto:a@b.cn?subject=x)", []render.Part{text("客服热线（95598）、tel 10086、写信（a@b.cn）")}},
		{"scripts", `<p>请<a href="javascript:void(0)" onclick="x()">点这里</a><script>alert(1)</script><style>p{}</style></p>`, []render.Part{text("请点这里")}},
		{"address", "官网 https://a.example/路?q=1", []render.Part{text(`官网 <a href="https://a.example/">https://a.example/</a>路?q=1`)}},
		{"quotes in an address", `<a href='https://a.example/?q="><script>'>查</a>`, []render.Part{text(`<a href="https://a.example/?q=%22%3E%3Cscript%3E">查</a>`)}},
		{"less than", "水压<0.02MPa 或 >0.8MPa & 温度<b 时会停机", []render.Part{text("水压＜0.02MPa 或 >0.8MPa & 温度＜b 时会停机")}},
		{"entities", "<p>水压&lt;5 &amp;&amp; A&nbsp;&nbsp;&gt; B &amp;lt;a&amp;gt;</p>", []render.Part{text("水压＜5 && A > B &lt;a&gt;")}},
		{"faces", "好的[微笑]/::)/:8-)/::</:<L>/:<W>，谢谢😊👨‍👩‍👧", []render.Part{text("好的[微笑]/::)/:8-)/::</:<L>/:<W>，谢谢😊👨‍👩‍👧")}},
		{"a face that begins a tag", "/::&lt;b>甲<br>/::&lt;/b>/::&lt;5", []render.Part{text("/::＜b>甲\n/::＜/b>/::<5")}},
		{"exported paragraphs", `<P style="TEXT-INDENT: 2em"><FONT face=宋体>尊敬的客户：</FONT></P><P>&nbsp;</P><P><SPAN style="FONT-SIZE: 12pt">1、请携带<STRONG>身份证</STRONG>；<BR>2、到营业厅办理。</SPAN></P>`, []render.Part{text("尊敬的客户：\n\n1、请携带身份证；\n2、到营业厅办理。")}},
		{"divs", "<div>甲</div><div><br></div><div><br></div><div>乙</div><div>丙</div>", []render.Part{text("甲\n\n乙\n丙")}},
		{"headings", "<h2>退款</h2><p>三天内到账。</p><h3>换货</h3><p>七天内。</p>", []render.Part{text("退款\n三天内到账。\n\n换货\n七天内。")}},
		{"nested list", "<ul><li><p>甲</p><ol start=2><li>一</li><li>二</li></ol></li><li>乙</li></ul>", []render.Part{text("• 甲\n  2. 一\n  3. 二\n• 乙")}},
		{"table", `<table><tr><th>套餐</th><th>流量<br>每月</th></tr><tr><td>59元</td><td><a href="/59">20GB</a></td></tr><tr><td></td><td>&nbsp;</td></tr></table><p>当月生效。</p>`, []render.Part{text("套餐 | 流量 每月\n59元 | <a href=\"https://www.gas.example/59\">20GB</a>\n当月生效。")}},
		{"table for looks", `<table><tr><td><p>甲</p><p>乙</p></td></tr></table>`, []render.Part{text("甲\n\n乙")}},
		{"preformatted", "<pre>APN：cmnet\n\n\n端口：80</pre>", []render.Part{text("APN：cmnet\n\n端口：80")}},
		{"pictures in their place", `<p>第一步：<img src="/img/1.png" alt="设置 页"/>第二步：</p><p><img src="https://cdn.example/2.jpg" width="600"></p><img src="data:image/png;base64,AAAA"><img src="/dot.gif" width="1" height="1"><p>完成。</p>`, []render.Part{
			text("第一步："), picture("https://www.gas.example/img/1.png", "设置 页"), text("第二步："), picture("https://cdn.example/2.jpg", ""), text("完成。"),
		}},
		{"our own file", "![开关位置](/chat/file/ABCDEF234567)\n在这里。", []render.Part{
			{Image: &render.Image{File: "ABCDEF234567", Alt: "开关位置"}}, text("在这里。"),
		}},
		{"linked picture", `<p>新品上市</p><a href="https://a.example/new"><img src="https://a.example/new.jpg" alt="看新品"></a>`, []render.Part{
			text("新品上市"), picture("https://a.example/new.jpg", "看新品"), text(`<a href="https://a.example/new">看新品</a>`),
		}},
		{"pictures in a table", `<table><tr><td>甲<img src="/a.png"></td><td>乙<img src="/b.png"></td></tr></table>`, []render.Part{
			text("甲 | 乙"), picture("https://www.gas.example/a.png", ""), picture("https://www.gas.example/b.png", ""),
		}},
		{"card", `[![秋季促销](https://a.example/p.jpg)](https://a.example/sale)`, []render.Part{
			{News: []render.Card{{Title: "秋季促销", URL: "https://a.example/sale", Picture: "https://a.example/p.jpg"}}},
		}},
		{"card below", "![](https://a.example/p.jpg)\n[秋季促销](/sale)", []render.Part{
			{News: []render.Card{{Title: "秋季促销", URL: "https://www.gas.example/sale", Picture: "https://a.example/p.jpg"}}},
		}},
		{"no card of our files", `<a href="/sale"><img src="/chat/file/ABC"></a>`, []render.Part{
			{Image: &render.Image{File: "ABC"}}, text(`<a href="https://www.gas.example/sale">查看详情</a>`),
		}},
		{"what is not seen", "甲\u200b\x0b\x00\ufeff乙\r\n\r\n\r\n丙　\n", []render.Part{text("甲乙\n\n丙")}},
		{"nothing", " \n", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, render.Message(answer(tt.in), o)); diff != "" {
				t.Errorf("Message (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnswersWithoutPlace(t *testing.T) {
	got := render.Message(answer(`[报修](/repair) ![图](/a.png) ![](/chat/file/AB) ![](//cdn.example/b.png) [远](https://a.example)`), render.Options{})
	want := []render.Part{
		text("报修 [图片]图"), {Image: &render.Image{File: "AB"}}, picture("https://cdn.example/b.png", ""), text(`<a href="https://a.example">远</a>`),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Message (-want +got):\n%s", diff)
	}
}

func TestCardTakesTheQuestion(t *testing.T) {
	m := answer(`<a href="/sale"><img src="/p.jpg"></a>`)
	m.Card.Question = "有什么优惠"
	want := []render.Part{{News: []render.Card{{Title: "有什么优惠", URL: "https://www.gas.example/sale", Picture: "https://www.gas.example/p.jpg"}}}}
	if diff := cmp.Diff(want, render.Message(m, options())); diff != "" {
		t.Errorf("Message (-want +got):\n%s", diff)
	}
}

func pick(id, question string) render.Item {
	return render.Item{Label: question, Act: render.Act{Kind: bot.KindPick, Option: &bot.Option{Entry: id, Question: question}}}
}

func menu(head string, items ...render.Item) render.Part {
	return render.Part{Menu: &render.Menu{Head: head, Items: items}}
}

// TestKinds shows every kind of message that a follower may get.
func TestKinds(t *testing.T) {
	yes, no := true, false
	a, b := bot.Option{Entry: "a", Question: "怎么退款"}, bot.Option{Entry: "b", Question: "多久<到账>"}
	itemA := pick("a", "怎么退款")
	itemB := render.Item{Label: "多久＜到账>", Act: render.Act{Kind: bot.KindPick, Option: &b}}
	rate := func(label string, n int) render.Item {
		return render.Item{Label: label, Act: render.Act{Kind: bot.KindRating, Of: 7, Stars: n}}
	}
	seat := []bot.Action{bot.ActionHandoff}
	queue := []bot.Action{bot.ActionUnqueue, bot.ActionLeave}
	for _, tt := range []struct {
		name string
		m    bot.Message
		want []render.Part
	}{
		{"the visitor's own", bot.Message{Author: bot.FromVisitor, Kind: bot.KindText, Text: "怎么退款"}, nil},
		{"answer", answer("三天内到账。"), []render.Part{text("三天内到账。")}},
		{"answer with related questions", answer("三天内到账。", a, b), []render.Part{menu("三天内到账。\n\n您可能还想问：", itemA, itemB)}},
		{"long answer with related questions", answer(strings.Repeat("长", 590), a), []render.Part{text(strings.Repeat("长", 590)), menu("您可能还想问：", itemA)}},
		{"picture with related questions", answer("![](/a.png)", a), []render.Part{picture("https://www.gas.example/a.png", ""), menu("您可能还想问：", itemA)}},
		{"an agent's answer", bot.Message{Author: bot.FromAgent, Kind: bot.KindAnswer, Text: "见[说明](/x)"}, []render.Part{text(`见<a href="https://www.gas.example/x">说明</a>`)}},
		{"an agent's text", bot.Message{Author: bot.FromAgent, Kind: bot.KindText, Text: "**您好** <b>在</b>的[微笑] /::)\n\n\n\nhttps://a.example/x?a=1&b=2"}, []render.Part{text("**您好** ＜b>在＜/b>的[微笑] /::)\n\nhttps://a.example/x?a=1&b=2")}},
		{"offer", bot.Message{Kind: bot.KindOffer, Text: "您是不是想问：", Card: bot.Card{Options: []bot.Option{a, b}}}, []render.Part{menu("您是不是想问：", itemA, itemB)}},
		{"offer with an action", bot.Message{Kind: bot.KindOffer, Text: "您是不是想问：", Card: bot.Card{Options: []bot.Option{a}, Actions: seat}}, []render.Part{menu("您是不是想问：", itemA, render.Item{Label: "转人工", Act: render.Act{Kind: bot.KindHandoff}})}},
		{"offer without words", bot.Message{Kind: bot.KindOffer, Card: bot.Card{Options: []bot.Option{a}}}, []render.Part{menu("请选择：", itemA)}},
		{"refusal", bot.Message{Kind: bot.KindRefusal, Text: "抱歉，我没有找到合适的答案。换几个关键词再试试？", Card: bot.Card{Actions: seat}}, []render.Part{text("抱歉，我没有找到合适的答案。换几个关键词再试试？\n回复“转人工”联系人工客服")}},
		{"refusal alone", bot.Message{Kind: bot.KindRefusal, Text: "我只看得懂文字。"}, []render.Part{text("我只看得懂文字。")}},
		{"notice that says how", bot.Message{Kind: bot.KindNotice, Text: "要人工请发“转人工”。", Card: bot.Card{Actions: seat}}, []render.Part{text("要人工请发“转人工”。")}},
		{"notice left out", bot.Message{Kind: bot.KindNotice, Card: bot.Card{Actions: seat}}, nil},
		{"leave form", bot.Message{Kind: bot.KindLeaveForm, Text: "现在没有人工客服在线。请留下问题和联系方式，我们会尽快答复您。"}, []render.Part{text("现在没有人工客服在线。请留下问题和联系方式，我们会尽快答复您。\n请把问题和手机号写在一条消息里发过来，例如：发票还没收到，138××××1234")}},
		{"ask solved", bot.Message{Seq: 7, Kind: bot.KindAskSolved, Text: "您的问题解决了吗？", Card: bot.Card{Of: 6}}, []render.Part{menu("您的问题解决了吗？",
			render.Item{Label: "解决了", Act: render.Act{Kind: bot.KindSolved, Of: 7, Yes: &yes}}, render.Item{Label: "没解决", Act: render.Act{Kind: bot.KindSolved, Of: 7, Yes: &no}})}},
		{"survey", bot.Message{Seq: 7, Kind: bot.KindSurvey, Text: "感谢您的咨询，请为这次服务打个分。", Card: bot.Card{Nick: "小林"}}, []render.Part{menu("感谢您的咨询，请为这次服务打个分。",
			rate("非常满意", 5), rate("满意", 4), rate("一般", 3), rate("不满意", 2), rate("非常不满意", 1))}},
		{"queued", bot.Message{Author: bot.FromSystem, Kind: bot.KindQueued, Text: "正在为您转接人工客服，您前面还有 2 位，大约要等 3 到 8 分钟。", Card: bot.Card{Place: 3, Low: 180, High: 480, Actions: queue}}, []render.Part{text("正在为您转接人工客服，您前面还有 2 位，大约要等 3 到 8 分钟。\n回复“取消排队”不再等候")}},
		{"the place again", bot.Message{Kind: bot.KindNotice, Text: "您前面还有 1 位。", Card: bot.Card{Actions: queue}}, []render.Part{text("您前面还有 1 位。\n回复“取消排队”不再等候")}},
		{"accepted", bot.Message{Author: bot.FromSystem, Kind: bot.KindAccepted, Text: "客服 小林 为您服务。", Card: bot.Card{Nick: "小林"}}, []render.Part{text("客服 小林 为您服务。")}},
		{"leave-message answered", bot.Message{Author: bot.FromSystem, Kind: bot.KindAccepted, Text: "您之前的留言，现在由客服 小林 答复您。", Card: bot.Card{Nick: "小林", Question: "发票\n还没" + strings.Repeat("收", 60)}}, []render.Part{text("您之前的留言，现在由客服 小林 答复您。\n您的留言：“发票 还没" + strings.Repeat("收", 54) + "…”")}},
		{"transferred", bot.Message{Author: bot.FromSystem, Kind: bot.KindTransferred, Text: "正在为您转给更合适的同事。", Card: bot.Card{Note: "会退款"}}, []render.Part{text("正在为您转给更合适的同事。")}},
		{"requeued", bot.Message{Author: bot.FromSystem, Kind: bot.KindRequeued, Text: "正在为您优先转接其他客服。"}, []render.Part{text("正在为您优先转接其他客服。")}},
		{"taken over", bot.Message{Author: bot.FromSystem, Kind: bot.KindTakenOver, Text: "客服 班长 接着为您服务。"}, []render.Part{text("客服 班长 接着为您服务。")}},
		{"returned", bot.Message{Author: bot.FromSystem, Kind: bot.KindReturned, Text: "已取消排队。"}, []render.Part{text("已取消排队。")}},
		{"closed", bot.Message{Author: bot.FromSystem, Kind: bot.KindClosed, Text: "会话已结束。"}, []render.Part{text("会话已结束。")}},
		{"image", bot.Message{Author: bot.FromAgent, Kind: bot.KindImage, Card: bot.Card{File: &bot.File{ID: "F1", Name: "图.png", Type: "image/png"}}}, []render.Part{{Image: &render.Image{File: "F1", Alt: "图.png"}}}},
		{"image with words", bot.Message{Author: bot.FromAgent, Kind: bot.KindImage, Text: "看这里", Card: bot.Card{File: &bot.File{ID: "F1"}}}, []render.Part{{Image: &render.Image{File: "F1"}}, text("看这里")}},
		{"file", bot.Message{Author: bot.FromAgent, Kind: bot.KindFile, Card: bot.Card{File: &bot.File{ID: "F2", Name: "合同.pdf"}}}, []render.Part{text("发来了文件“合同.pdf”，微信里打不开，请让客服换成文字或图片发给您。")}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := render.Message(tt.m, options())
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Message (-want +got):\n%s", diff)
			}
			check(t, got)
		})
	}
}

func TestInternalKindsAreNotSeen(t *testing.T) {
	for _, kind := range []bot.MessageKind{bot.KindOffered, bot.KindPassed, bot.KindReminded, bot.KindGone, bot.KindBack, bot.KindWhisper, bot.KindNote, bot.KindSummary} {
		if got := render.Message(bot.Message{Author: bot.FromAgent, Kind: kind, Text: "不给访客看"}, options()); got != nil {
			t.Errorf("%s shows %+v", kind, got)
		}
	}
}

func TestFileWithAddress(t *testing.T) {
	o := options()
	o.File = func(f bot.File) string { return "/open/" + f.ID }
	m := bot.Message{Author: bot.FromAgent, Kind: bot.KindFile, Card: bot.Card{File: &bot.File{ID: "F2", Name: "合同.pdf"}}}
	want := []render.Part{text(`文件：<a href="https://www.gas.example/open/F2">合同.pdf</a>`)}
	if diff := cmp.Diff(want, render.Message(m, o)); diff != "" {
		t.Errorf("Message (-want +got):\n%s", diff)
	}
}

func TestOtherWords(t *testing.T) {
	o := options()
	o.Texts = func(name string) string {
		return map[string]string{"handoff": "发送【人工】找客服", "related": strings.Repeat("长", 700)}[name]
	}
	m := bot.Message{Kind: bot.KindRefusal, Text: "抱歉。", Card: bot.Card{Actions: []bot.Action{bot.ActionHandoff}}}
	if diff := cmp.Diff([]render.Part{text("抱歉。\n发送【人工】找客服")}, render.Message(m, o)); diff != "" {
		t.Errorf("Message (-want +got):\n%s", diff)
	}
	check(t, render.Message(answer("好。", bot.Option{Entry: "a", Question: "甲"}), o))
}

// TestMenusHoldWhatFits offers more than a message holds.
func TestMenusHoldWhatFits(t *testing.T) {
	var many []bot.Option
	for range 40 {
		many = append(many, bot.Option{Entry: "e", Question: strings.Repeat("问", 80)})
	}
	parts := render.Message(answer("好。", many...), options())
	check(t, parts)
	last := parts[len(parts)-1].Menu
	if last == nil || len(last.Items) < 8 || len(last.Items) > 10 {
		t.Fatalf("the menu is %+v", last)
	}
	if label := last.Items[0].Label; label != strings.Repeat("问", 59)+"…" {
		t.Errorf("the label is %q", label)
	}
}

func TestNumbered(t *testing.T) {
	m := render.Menu{Head: "您是不是想问：", Items: []render.Item{{Label: "怎么退款"}, {Label: "多久到账"}}}
	if got, want := render.Numbered(m, 1), "您是不是想问：\n1. 怎么退款\n2. 多久到账\n回复数字即可"; got != want {
		t.Errorf("Numbered = %q, want %q", got, want)
	}
	m.Head, m.Tail = "", "也可以直接说您的问题"
	if got, want := render.Numbered(m, 4), "4. 怎么退款\n5. 多久到账\n也可以直接说您的问题\n回复数字即可"; got != want {
		t.Errorf("Numbered = %q, want %q", got, want)
	}
}

func TestJoin(t *testing.T) {
	related := menu("三天内到账。\n\n您可能还想问：", pick("a", "怎么退款"), pick("b", "多久到账"))
	solved := menu("解决了吗？", render.Item{Label: "解决了"}, render.Item{Label: "没解决"})
	for _, tt := range []struct {
		name  string
		parts []render.Part
		want  string // empty: they cannot be joined
	}{
		{"none", nil, ""},
		{"texts", []render.Part{text("甲"), text("乙")}, "甲\n\n乙"},
		{"menus", []render.Part{related, solved, text("会话已结束。")}, "三天内到账。\n\n您可能还想问：\n1. 怎么退款\n2. 多久到账\n\n解决了吗？\n3. 解决了\n4. 没解决\n回复数字即可\n\n会话已结束。"},
		{"a picture", []render.Part{text("甲"), picture("https://a.example/p", "")}, ""},
		{"a card", []render.Part{{News: []render.Card{{Title: "甲"}}}}, ""},
		{"too long", []render.Part{text(strings.Repeat("甲", 400)), text(strings.Repeat("乙", 200))}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := render.Join(tt.parts)
			if ok != (tt.want != "") || ok && got.Text != tt.want {
				t.Errorf("Join = %q, %v, want %q", got.Text, ok, tt.want)
			}
		})
	}
}
