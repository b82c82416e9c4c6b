package console

import (
	"context"
	"net/http"
	"time"

	"faqbot/bot/staff"
)

// Block keeps a visitor from writing for a while.
type Block struct {
	Visitor string `json:"visitor" doc:"访客在各渠道中的唯一名称"`
	Until   int64  `json:"until"`
	Reason  string `json:"reason"`
	Agent   string `json:"agent" doc:"谁拉黑的"`
	At      int64  `json:"at"`
}

// Blocks are those in force, the last ones first.
type Blocks struct {
	Blocks []Block `json:"blocks" nullable:"false"`
}

func (c *Console) addDeskBlocks() {
	addDesk(c, operation{
		id: "blockVisitor", method: http.MethodPost, path: "/desk/conversations/{id}/block", who: atDesk(), summary: "拉黑访客并结束会话",
	}, c.blockVisitor)
	addDesk(c, operation{
		id: "listBlocks", method: http.MethodGet, path: "/blocks", who: needs(staff.SuperviseDesk), summary: "黑名单",
	}, c.listBlocks)
	addDesk(c, operation{
		id: "dropBlock", method: http.MethodPost, path: "/blocks/drop", who: needs(staff.SuperviseDesk), summary: "移出黑名单",
	}, c.dropBlock)
}

type blockInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Hours  int    `json:"hours" minimum:"1" maximum:"8760"`
		Reason string `json:"reason" maxLength:"1000"`
	}
}

func (c *Console) blockVisitor(ctx context.Context, who call, in *blockInput) (*none, error) {
	act := staff.Act{What: "visitor.block", Object: in.ID, After: in.Body}
	return &none{}, c.audited(ctx, who, act, func() error {
		return c.desk.Block(ctx, who.actor(), in.ID, time.Duration(in.Body.Hours)*time.Hour, in.Body.Reason)
	})
}

func (c *Console) listBlocks(ctx context.Context, who call, _ *none) (*body[Blocks], error) {
	found, err := c.desk.Blocks(ctx, who.actor())
	if err != nil {
		return nil, err
	}
	wire := Blocks{Blocks: make([]Block, len(found))}
	for i, b := range found {
		wire.Blocks[i] = Block{b.Visitor, millis(b.Until), b.Reason, b.Agent, millis(b.At)}
	}
	return &body[Blocks]{wire}, nil
}

type dropBlockInput struct {
	Body struct {
		Visitor string `json:"visitor" minLength:"1" maxLength:"1000"`
	}
}

func (c *Console) dropBlock(ctx context.Context, who call, in *dropBlockInput) (*none, error) {
	visitor := in.Body.Visitor
	return &none{}, c.audited(ctx, who, staff.Act{What: "visitor.unblock", Object: visitor}, func() error {
		return c.desk.Unblock(ctx, who.actor(), visitor)
	})
}
