package envelope

import (
	"time"

	"github.com/silenceper/wechat/v2/officialaccount/message"

	"faqbot/channels/wechat/render"
)

// TextReply returns the XML of a passive reply: to a follower, from the account
// (the Message's From and To).
func TextReply(to, from, text string, at time.Time) []byte {
	reply := message.NewText(tidy(text))
	reply.CommonToken = head(to, from, message.MsgTypeText, at)
	return encode(reply)
}

// ImageReply is a reply with a picture that was uploaded.
func ImageReply(to, from, mediaID string, at time.Time) []byte {
	reply := message.NewImage(mediaID)
	reply.CommonToken = head(to, from, message.MsgTypeImage, at)
	return encode(reply)
}

// NewsReply is a reply with cards (图文). The platform shows one.
func NewsReply(to, from string, cards []render.Card, at time.Time) []byte {
	var articles []*message.Article
	for _, c := range cards {
		articles = append(articles, message.NewArticle(tidy(c.Title), tidy(c.Description), c.Picture, c.URL))
	}
	reply := message.NewNews(articles)
	reply.CommonToken = head(to, from, message.MsgTypeNews, at)
	return encode(reply)
}

func head(to, from string, kind message.MsgType, at time.Time) message.CommonToken {
	return message.CommonToken{
		ToUserName:   message.CDATA(to),
		FromUserName: message.CDATA(from),
		CreateTime:   at.Unix(),
		MsgType:      kind,
	}
}

// tidy drops what XML forbids: the follower would see that the account is out of
// order.
func tidy(text string) string { return string(clean([]byte(text))) }
