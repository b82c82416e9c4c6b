package bottest

import (
	"bytes"
	"context"
	"fmt"

	"faqbot/bot"
)

var _ bot.FileStore = (*Store)(nil)

type storedFile struct {
	bot.File
	content []byte
}

// PutFile stores a file with its content. An id that is in use is bot.ErrConflict.
func (s *Store) PutFile(ctx context.Context, f bot.File, content []byte) error {
	return s.change(ctx, "store a file", func() error {
		if err := f.Validate(content); err != nil {
			return err
		}
		if _, there := s.files[f.ID]; there {
			return bot.ErrConflict
		}
		f.At = millisecond(f.At)
		s.files[f.ID] = storedFile{f, bytes.Clone(content)}
		return nil
	})
}

// FileOf returns the file with the id, or bot.ErrNotFound.
func (s *Store) FileOf(ctx context.Context, id string) (bot.File, error) {
	f, err := s.file(ctx, id)
	return f.File, err
}

// FileContent returns the file with the id and its content, or bot.ErrNotFound.
func (s *Store) FileContent(ctx context.Context, id string) (bot.File, []byte, error) {
	f, err := s.file(ctx, id)
	return f.File, bytes.Clone(f.content), err
}

// file does without clone, which knows only what has a name in JSON.
func (s *Store) file(ctx context.Context, id string) (storedFile, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.files[id]
	switch err := ctx.Err(); {
	case err != nil:
		return storedFile{}, fmt.Errorf("read a file: %w", err)
	case !ok:
		return storedFile{}, fmt.Errorf("read a file: %w", bot.ErrNotFound)
	}
	return f, nil
}
