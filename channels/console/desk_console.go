package console

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"go.uber.org/zap"

	"faqbot/bot"
	"faqbot/bot/staff"
	"faqbot/channels/httpapi"
	"faqbot/channels/richtext"
)

// DeskConfig is what the desk in the console is made of.
type DeskConfig struct {
	Desk    *bot.Desk
	Phrases *bot.Phrases
	// Favourites are the entries that agents keep at hand.
	Favourites *bot.Favourites
	// Beat is how often the sockets look at what no hint tells of; a second if zero.
	// A session that has ended is found after two beats at most.
	Beat time.Duration
}

// desk is the part of the console where agents work.
type desk struct {
	*bot.Desk
	phrases    *bot.Phrases
	favourites *bot.Favourites
	rich       *richtext.Renderer
	uploads    chan struct{} // has room for those that are read at the moment
	hub        *deskHub
}

// uploadsAtOnce bounds what files take up in memory while they are read.
const uploadsAtOnce = 16

// newDesk returns the desk, or nil if there is none.
func (c *Console) newDesk() *desk {
	config := c.config.Desk
	if config == nil {
		return nil
	}
	d := &desk{
		Desk: config.Desk, phrases: config.Phrases, favourites: config.Favourites, rich: richtext.New(),
		uploads: make(chan struct{}, uploadsAtOnce),
	}
	d.hub = newDeskHub(d, c.staff, config.Beat, c.log)
	return d
}

// Shutdown sends the agents' sockets away. It returns when all are gone, or with
// an error when the context ends.
func (c *Console) Shutdown(ctx context.Context) error {
	if c.desk == nil {
		return nil
	}
	return c.desk.hub.shutdown(ctx)
}

// actor is who asks, as the desk knows them.
func (who call) actor() bot.Actor { return actorOf(who.Account) }

func actorOf(a staff.Account) bot.Actor {
	return bot.Actor{ID: a.ID, Nick: a.Nick, Supervisor: a.May(staff.SuperviseDesk)}
}

// atDesk is for those who serve, and for those who supervise.
func atDesk() access { return either(staff.ServeDesk, staff.SuperviseDesk) }

// either is for those who have one of two rights.
func either(a, b staff.Right) access { return access{kind: forRight, right: a, or: b} }

// deskOperations is all that is done at the desk.
func (c *Console) deskOperations() {
	c.desk = c.newDesk()
	c.addDeskHome()
	c.addDeskLists()
	c.addDeskTalk()
	c.addDeskRatings()
	c.addDeskBlocks()
	c.addDeskCustomer()
	c.addDeskFiles()
	c.addDeskPhrases()
	c.addDeskKnowledge()
	c.addDeskFavourites()
	c.addDeskGroups()
	c.addDeskSocket()
}

// addDesk is add for what needs a desk.
func addDesk[I, O any](c *Console, op operation, do func(context.Context, call, *I) (*O, error)) {
	add(c, op, func(ctx context.Context, who call, in *I) (*O, error) {
		if c.desk == nil {
			return nil, noDesk()
		}
		out, err := do(ctx, who, in)
		if err != nil {
			return nil, c.deskProblem(ctx, op.id, err)
		}
		return out, nil
	})
}

// addDeskRaw is addRaw for what needs a desk.
func (c *Console) addDeskRaw(op operation, do func(http.ResponseWriter, *http.Request, call)) {
	c.addRaw(op, func(w http.ResponseWriter, r *http.Request, who call) {
		if c.desk == nil {
			writeProblem(w, noDesk())
			return
		}
		do(w, r, who)
	})
}

func noDesk() *Problem {
	return newProblem(http.StatusServiceUnavailable, "no_desk", "人工客服没有开启")
}

// audited does something privileged. It is noted before it is done, so that
// nothing is done that cannot be noted; that it failed is noted after it.
func (c *Console) audited(ctx context.Context, who call, act staff.Act, do func() error) error {
	act.OK = true
	if err := c.staff.Record(ctx, who.Identity, act, who.from); err != nil {
		return fmt.Errorf("note %s: %w", act.What, err)
	}
	err := do()
	if err == nil {
		return nil
	}
	act.OK, act.Why = false, deskProblemOf(err).Code
	if failed := c.staff.Record(context.WithoutCancel(ctx), who.Identity, act, who.from); failed != nil {
		c.log.Error("a failure is not in the audit log", zap.String("what", act.What),
			zap.String("request", httpapi.RequestID(ctx)), zap.Error(failed))
	}
	return err
}
