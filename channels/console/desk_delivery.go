package console

import (
	"cmp"
	"context"

	"faqbot/bot"
)

// Delivery is how a conversation stands with a channel that does not let
// everything through.
type Delivery struct {
	Reach *Reach `json:"reach,omitempty" doc:"这个渠道对发送没有限制则没有"`
	Fates []Fate `json:"fates" nullable:"false" doc:"各条消息送到哪一步了，按编号；没有列出的不用管"`
}

// Reach is what may still be sent to a visitor unasked.
type Reach struct {
	Left    int   `json:"left" doc:"还能发几条"`
	Of      int   `json:"of" doc:"一共几条；0 表示这个账号不能主动发，只能随顾客下一条消息的回复送达"`
	Until   int64 `json:"until" doc:"到何时为止；过了就一条也不能发"`
	Waiting int   `json:"waiting" doc:"已经写好还没送出的"`
}

// Fate is what became of a message.
type Fate struct {
	Seq    int64  `json:"seq"`
	State  string `json:"state" enum:"waiting,kept,sent,failed,unknown,refused"`
	Code   int    `json:"code,omitempty" doc:"平台的错误码"`
	Reason string `json:"reason,omitempty" doc:"给人看的原因"`
}

func deliveryOf(d bot.Delivery) Delivery {
	wire := Delivery{Fates: make([]Fate, len(d.Fates))}
	if r := d.Reach; r != nil {
		wire.Reach = &Reach{Left: r.Left, Of: r.Of, Until: millis(r.Until), Waiting: r.Waiting}
	}
	for i, f := range d.Fates {
		if f.Code != 0 {
			f.Reason = cmp.Or(f.Reason, platformWords(f.Code))
		}
		wire.Fates[i] = Fate(f)
	}
	return wire
}

type deliveryInput struct {
	ID   string `path:"id" maxLength:"64"`
	From int64  `query:"from" minimum:"0" doc:"从第几条消息"`
	To   int64  `query:"to" minimum:"0" doc:"到第几条消息；最多比 from 多 500"`
}

// maxFates bounds for how many messages is asked at once.
const maxFates = 500

func (c *Console) delivery(ctx context.Context, who call, in *deliveryInput) (*body[Delivery], error) {
	to := min(in.To, in.From+maxFates)
	d, err := c.desk.Delivery(ctx, who.actor(), in.ID, in.From, to)
	if err != nil {
		return nil, err
	}
	return &body[Delivery]{deliveryOf(d)}, nil
}

// deliveryOfStory is the delivery of the messages that a story shows.
func (c *Console) deliveryOfStory(ctx context.Context, who call, s *bot.Story) (Delivery, error) {
	from := s.Conversation.Seq
	if len(s.Messages) > 0 {
		from = s.Messages[0].Seq
	}
	d, err := c.desk.Delivery(ctx, who.actor(), s.Conversation.ID, from, s.Conversation.Seq)
	return deliveryOf(d), err
}
