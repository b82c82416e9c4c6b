package main

import (
	"context"
	"errors"
	"fmt"

	"faqbot/bot"
	"faqbot/bot/botsql"
	"faqbot/cmd/crashtest/history"
	"faqbot/cmd/internal/database"
	"faqbot/knowledge/kbsql"
)

// pageSize is how many messages are read at once.
const pageSize = 1000

// readLog reads what the database holds, as any reader would.
func readLog(ctx context.Context, dsn string) (log history.Log, err error) {
	db, dialect, err := database.Open(ctx, dsn)
	if err != nil {
		return log, err
	}
	store := botsql.New(db, dialect)
	defer func() { err = errors.Join(err, store.Close(), db.Close()) }()
	if err := store.Conversations(ctx, func(c bot.Conversation) error {
		log.Talks = append(log.Talks, history.Talk{Conversation: c})
		return nil
	}); err != nil {
		return log, fmt.Errorf("read the conversations: %w", err)
	}
	for i := range log.Talks {
		if err := readTalk(ctx, store, &log.Talks[i]); err != nil {
			return log, err
		}
	}
	if log.Leaves, err = store.Leaves(ctx, "", 1<<30); err != nil {
		return log, fmt.Errorf("read the leave-messages: %w", err)
	}
	knowledge := kbsql.New(db, dialect, func(s string) string { return s })
	if log.Revision, err = knowledge.Revision(ctx); err != nil {
		return log, err
	}
	return log, nil
}

func readTalk(ctx context.Context, store bot.Store, t *history.Talk) (err error) {
	for {
		var last int64
		if n := len(t.Messages); n > 0 {
			last = t.Messages[n-1].Seq
		}
		page, err := store.After(ctx, t.Conversation.ID, last, pageSize)
		if err != nil {
			return fmt.Errorf("read the messages: %w", err)
		}
		t.Messages = append(t.Messages, page...)
		if len(page) < pageSize {
			break
		}
	}
	if t.Traces, err = store.Traces(ctx, t.Conversation.ID); err != nil {
		return fmt.Errorf("read the traces: %w", err)
	}
	return nil
}
