package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"runtime/debug"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"faqbot/bot"
	"faqbot/bot/intent"
	"faqbot/cmd/internal/config"
	"faqbot/cmd/internal/database"
	"faqbot/knowledge"
	"faqbot/knowledge/kbsql"
	"faqbot/knowledge/normalize"
)

// app is what every command works with.
type app struct {
	cli      *commandLine
	getenv   func(string) string
	in       io.Reader
	out, err io.Writer
}

// logger writes to the error stream, so that output can be piped.
func (a *app) logger(level zapcore.Level) *zap.Logger {
	encoder := zap.NewProductionEncoderConfig()
	encoder.EncodeTime = zapcore.ISO8601TimeEncoder
	return zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(encoder), zapcore.AddSync(a.err), level))
}

// knowledgeBase is an opened knowledge base.
type knowledgeBase struct {
	*knowledge.Base
	store      *kbsql.Store
	db         *sql.DB
	dialect    kbsql.Dialect
	normalizer *normalize.Normalizer
	close      func() error
}

// openBase opens the database and brings its schema up to date.
func openBase(ctx context.Context, dsn string) (*knowledgeBase, error) {
	normalizer, err := normalize.New()
	if err != nil {
		return nil, err
	}
	db, dialect, err := database.Open(ctx, dsn)
	if err != nil {
		return nil, err
	}
	if err := kbsql.Migrate(ctx, db, dialect); err != nil {
		return nil, errors.Join(notMigrated(err), db.Close())
	}
	store := kbsql.New(db, dialect, normalizer.Key)
	return &knowledgeBase{
		Base:       knowledge.NewBase(store, normalizer, time.Now, knowledge.NewID),
		store:      store,
		db:         db,
		dialect:    dialect,
		normalizer: normalizer,
		close:      db.Close,
	}, nil
}

// notMigrated says why the schema of the database cannot be brought up to date.
func notMigrated(err error) error {
	if errors.Is(err, knowledge.ErrNewerSchema) || errors.Is(err, bot.ErrNewerSchema) {
		return fmt.Errorf("这个数据库已由更新版本的 faqbot 升级过，请换用那个版本：%w", err)
	}
	return fmt.Errorf("bring the database up to date: %w", err)
}

// openExisting opens a knowledge base to read from. A mistyped name must not
// give an empty one.
func openExisting(ctx context.Context, dsn string) (*knowledgeBase, error) {
	if isMissing(dsn) {
		return nil, fmt.Errorf("没有数据库 %s；先导入知识：faqbot import --db %s 文件", dsn, dsn)
	}
	return openBase(ctx, dsn)
}

// isMissing reports whether the DSN names a file that does not exist.
func isMissing(dsn string) bool {
	path := database.File(dsn)
	if path == "" {
		return false
	}
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// inMemory is the DSN of a database that is gone when it is closed.
const inMemory = ":memory:"

// model is the fitted model with the thresholds of the settings.
func model(c *config.Config) (*intent.Model, error) {
	m, err := intent.DefaultModel()
	if err != nil {
		return nil, err
	}
	return m.WithThresholds(intent.Thresholds{Answer: c.AnswerAt, Suggest: c.SuggestAt, Margin: c.Margin})
}

// answerer is an opened bot.Answerer with what has to be closed after it.
type answerer struct {
	*bot.Answerer
	cleanup []func() error
}

// Close closes everything in reverse order.
func (a *answerer) Close() error {
	var errs []error
	for i := len(a.cleanup) - 1; i >= 0; i-- {
		errs = append(errs, a.cleanup[i]())
	}
	return errors.Join(errs...)
}

// openAnswerer opens the answerer over a source with an index in dir; an empty
// dir means a temporary one.
func (a *app) openAnswerer(ctx context.Context, c *config.Config, source bot.Source, n *normalize.Normalizer, dir string) (*answerer, error) {
	defer frugally()()
	result := &answerer{}
	if dir == "" {
		temporary, err := os.MkdirTemp("", "faqbot-index-")
		if err != nil {
			return nil, fmt.Errorf("make a directory for the index: %w", err)
		}
		dir = temporary
		result.cleanup = append(result.cleanup, func() error { return os.RemoveAll(temporary) })
	}
	m, err := model(c)
	if err == nil {
		result.Answerer, err = bot.Open(ctx, bot.Config{
			Source: source, IndexDir: dir, Model: m, Normalizer: n, Log: a.logger(c.LogLevel), Progress: a.indexProgress(),
		})
	}
	if err != nil {
		return nil, errors.Join(err, result.Close())
	}
	result.cleanup = append(result.cleanup, result.Answerer.Close)
	return result, nil
}

// loadMemory is what loading should get by with, if it can.
const loadMemory = 400 << 20

// frugally makes the garbage collector work harder above loadMemory, until the
// returned function is called: loading holds the same knowledge in several
// shapes for a while. A limit that the environment sets (GOMEMLIMIT) stays.
func frugally() (restore func()) {
	before := debug.SetMemoryLimit(-1)
	if before < math.MaxInt64 {
		return func() {}
	}
	debug.SetMemoryLimit(loadMemory)
	return func() { debug.SetMemoryLimit(before) }
}
