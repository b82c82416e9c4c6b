package botsql

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"faqbot/bot"
	"faqbot/knowledge/sqldb"
)

// pieceSize is how much of a file goes into one statement.
const pieceSize = 256 << 10

var _ bot.FileStore = (*Store)(nil)

const (
	addFile = `INSERT INTO bot_file (id, visitor, sender, name, type, size, width, height, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)` + unlessThere
	addPiece = `INSERT INTO bot_file_piece (file, number, content) VALUES ($1, $2, $3)`
)

// PutFile stores a file with its content. An id that is in use is bot.ErrConflict.
func (s *Store) PutFile(ctx context.Context, f bot.File, content []byte) error {
	const doing = "store a file"
	if err := f.Validate(content); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	content = bytes.Clone(content) // the caller may be gone when it is stored
	return s.change(ctx, doing, func(ctx context.Context, tx *session) error {
		err := tx.execOne(ctx, addFile, []any{f.ID, f.Visitor, f.Sender, f.Name, f.Type, f.Size, int64(f.Width), int64(f.Height),
			sqldb.Millis(f.At)})
		if err != nil {
			return err
		}
		number := 0
		for piece := range slices.Chunk(content, pieceSize) {
			if err := tx.execOne(ctx, addPiece, []any{f.ID, int64(number), piece}); err != nil {
				return fmt.Errorf("piece %d: %w", number, err)
			}
			number++
		}
		return nil
	})
}

// FileOf returns the file with the id, or bot.ErrNotFound.
func (s *Store) FileOf(ctx context.Context, id string) (bot.File, error) {
	const doing = "read a file"
	var found []bot.File
	err := s.read(ctx, doing, func(rows *sql.Rows) error {
		var f bot.File
		var at int64
		err := rows.Scan(&f.ID, &f.Visitor, &f.Sender, &f.Name, &f.Type, &f.Size, &f.Width, &f.Height, &at)
		f.At = sqldb.Time(at)
		found = append(found, f)
		return err
	}, `SELECT id, visitor, sender, name, type, size, width, height, at FROM bot_file WHERE id = $1`, id)
	return one(doing, found, err)
}

// FileContent returns the file with the id and its content, or bot.ErrNotFound.
func (s *Store) FileContent(ctx context.Context, id string) (bot.File, []byte, error) {
	const doing = "read the content of a file"
	f, err := s.FileOf(ctx, id)
	if err != nil {
		return f, nil, err
	}
	content := make([]byte, 0, f.Size)
	err = s.read(ctx, doing, func(rows *sql.Rows) error {
		var piece sql.RawBytes
		err := rows.Scan(&piece)
		content = append(content, piece...)
		return err
	}, `SELECT content FROM bot_file_piece WHERE file = $1 ORDER BY number`, id)
	if err == nil && int64(len(content)) != f.Size {
		err = fmt.Errorf("%s: file %q has %d bytes, %d are there", doing, id, f.Size, len(content))
	}
	if err != nil {
		return bot.File{}, nil, err
	}
	return f, content, nil
}
