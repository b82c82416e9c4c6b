package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"runtime/debug"
	"time"

	"go.uber.org/zap"

	"faqbot/bot"
	"faqbot/bot/botsql"
	"faqbot/channels/httpapi"
	"faqbot/channels/webchat"
	"faqbot/channels/webchat/ui"
	"faqbot/cmd/internal/config"
	"faqbot/cmd/internal/natsbus"
	"faqbot/knowledge"
	"faqbot/knowledge/kbfile"
)

type serveCommand struct {
	Listen string `help:"访客使用的地址，默认 127.0.0.1:8080；对外服务写 :8080。" placeholder:"地址"`
	DB     string `name:"db" help:"数据库：SQLite 文件或 postgres://…，默认 faqbot.db。" placeholder:"DSN"`
	Bus    string `help:"多台机器之间传消息的 NATS 地址。" placeholder:"地址"`
	Admin  string `help:"健康检查和监控的地址，默认 127.0.0.1:8081；off 关闭。" placeholder:"地址"`
	Sample string `help:"知识库还是空的时候装入哪个示例：gas、telecom、auto；none 不装。" default:"gas" placeholder:"名称"`
}

const (
	// collectAt is by how much the memory in use may grow before the collector runs,
	// in percent, unless GOGC says it: answers that come while it runs are the slow
	// ones, so that it pays to have it run less often than Go would.
	collectAt = 200
	// shutdownTime bounds the whole way down.
	shutdownTime = 15 * time.Second
	// refreshEvery is how soon a change of the knowledge is in force.
	refreshEvery = time.Second
	// watchEvery is how soon a message is seen whose hint was lost.
	watchEvery = 2 * time.Second
	// goingAway is over how long the sockets are sent away.
	goingAway = 2 * time.Second
	// textLimit is what a frame may hold; the rules say how long a question may be.
	textLimit = 2000
	// secretBytes is the size of the key that signs the visitors' tokens.
	secretBytes = 32
)

// Run serves until ctx ends. What is opened first is closed last.
func (cmd *serveCommand) Run(ctx context.Context, a *app) (err error) {
	c, err := a.settings(map[string]string{"listen": cmd.Listen, "database": cmd.DB, "bus": cmd.Bus, "admin.listen": cmd.Admin})
	if err != nil {
		return err
	}
	rules, err := readRules(c.Rules)
	if err != nil {
		return err
	}
	log := a.logger(c.LogLevel)
	if a.getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	var down downward
	defer func() { err = errors.Join(err, down.run()) }()

	front, err := openFront(c.Listen, c.Admin, log)
	if err != nil {
		return err
	}
	down.push(front.close)

	base, err := openBase(ctx, c.Database)
	if err != nil {
		return err
	}
	down.push(func(context.Context) error { return base.close() })
	store, err := openConversations(ctx, base)
	if err != nil {
		return err
	}
	down.push(func(context.Context) error { return store.Close() })
	sample, err := cmd.firstRun(ctx, a, c, base)
	if err != nil {
		return err
	}

	bus, local, err := openBus(c, log)
	if err != nil {
		return err
	}
	down.push(func(context.Context) error { return bus.Close() })

	dir, err := c.Index()
	if err != nil {
		return err
	}
	answers, err := a.openAnswerer(ctx, c, base.store, base.normalizer, dir)
	if err != nil {
		return err
	}
	down.push(func(context.Context) error { return answers.Close() })

	engine := bot.NewEngine(bot.EngineConfig{
		Store: store, Knowledge: answers.Answerer, Bus: bus, Rules: rules, Log: log, Zone: c.Zone,
		Now: time.Now, NewID: knowledge.NewID, Files: store, Observe: front.metrics.turn,
	})
	key, err := sealingKey(c)
	if err != nil {
		return err
	}
	secret, err := visitorSecret(ctx, store, key)
	if err != nil {
		return err
	}
	accounts, err := openOfficial(ctx, c, base, store, engine, bus, front.metrics, key, log)
	if err != nil {
		return err
	}
	people, err := openHumans(ctx, c, base, store, engine, accounts, key, log)
	if err != nil {
		return err
	}
	front.metrics.knowledge(answers.Answerer)
	counts, err := webchat.NewMetrics(front.metrics.registry)
	if err != nil {
		return err
	}
	chat, err := webchat.New(webchat.Config{
		Files: ui.Files(), Keys: [][]byte{secret}, Sites: c.Sites, Proxies: c.Proxies, TextLimit: textLimit, Demo: true,
		Limits: limits(c.NetworkLimits), Metrics: counts,
	}, engine, bus, log)
	if err != nil {
		return err
	}
	down.push(func(ctx context.Context) error { return chat.Shutdown(ctx, goingAway) })
	down.push(people.console.Shutdown)
	down.push(accounts.Shutdown)

	stop := inBackground(ctx,
		func(ctx context.Context) { follow(ctx, base.store, answers.Answerer, log) },
		func(ctx context.Context) { engine.Watch(ctx, watchEvery, local) },
		people.desk.Run,
		accounts.Run,
	)
	down.push(stop)
	front.ready(rooms(chat, people.console, accounts))
	down.push(front.drain)
	cmd.greet(a, front, answers.Answerer, people.invitation, sample)
	return front.wait(ctx)
}

// rooms leads the staff to the console, the platform of official accounts to their
// channel, and everybody else to the chat.
func rooms(chat, console, accounts http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", chat)
	mux.Handle("/console", http.RedirectHandler("/console/", http.StatusMovedPermanently))
	mux.Handle("/console/", console)
	mux.Handle(callbacks, accounts)
	return mux
}

// limits scales what one address may do; zero sets no limits on addresses and on
// all visitors together.
func limits(scale float64) webchat.Limits {
	l := webchat.DefaultLimits()
	for _, limit := range []*webchat.Limit{&l.Sessions, &l.Connects, &l.Messages, &l.Suggests, &l.Feedbacks} {
		limit.Network.PerSecond *= scale
		limit.Network.Burst = int(float64(limit.Network.Burst) * scale)
		if scale == 0 {
			limit.Total = httpapi.Rate{PerSecond: math.MaxInt32, Burst: math.MaxInt32}
			limit.Network = limit.Total
		}
	}
	l.PerNetwork = int(float64(l.PerNetwork) * scale)
	if scale == 0 {
		l.PerNetwork = l.Total
	}
	return l
}

// openConversations opens the store of conversations in the same database.
func openConversations(ctx context.Context, base *knowledgeBase) (*botsql.Store, error) {
	if err := botsql.Migrate(ctx, base.db, base.dialect); err != nil {
		return nil, notMigrated(err)
	}
	return botsql.New(base.db, base.dialect), nil
}

// closableBus is a bus of either kind.
type closableBus interface {
	bot.Bus
	Close() error
}

// localBus is the bus of a single process.
type localBus struct{ *bot.LocalBus }

func (localBus) Close() error { return nil }

// openBus returns the bus and its part within this process.
func openBus(c *config.Config, log *zap.Logger) (bus closableBus, local bot.Bus, err error) {
	if c.Bus == "" {
		b := localBus{bot.NewLocalBus()}
		return b, b, nil
	}
	b, err := natsbus.Connect(c.Bus, knowledge.NewID(), log)
	if err != nil {
		return nil, nil, err
	}
	return b, b.Local(), nil
}

// firstRun puts the sample into a knowledge base that was never written to, and
// reports whether it did.
func (cmd *serveCommand) firstRun(ctx context.Context, a *app, c *config.Config, base *knowledgeBase) (bool, error) {
	revision, err := base.store.Revision(ctx)
	if err != nil || revision > 0 || cmd.Sample == "none" {
		return false, err
	}
	documents, err := readSample(ctx, cmd.Sample, kbfile.Options{Location: c.Zone})
	if err != nil {
		return false, err
	}
	imp := joined(documents)
	imp.Mode, imp.By = knowledge.ModeAppend, "sample"
	if _, err := base.Import(ctx, imp); err != nil {
		return false, fmt.Errorf("import the sample knowledge: %w", err)
	}
	return true, nil
}

// greet says where everything is.
func (cmd *serveCommand) greet(a *app, f *front, answers *bot.Answerer, invitation string, sample bool) {
	entries, wordings := answers.Len()
	fmt.Fprintf(a.out, "faqbot 已就绪，按 Ctrl-C 停止。\n  演示网页  %s/\n  整页聊天  %s/chat/frame\n", f.url(), f.url())
	if invitation == "" {
		fmt.Fprintf(a.out, "  管理后台  %s/console/\n", f.url())
	} else {
		fmt.Fprintf(a.out, "  管理后台  %s/console/setup#token=%s\n            （24 小时内有效、只能用一次：用它设置第一个管理员）\n", f.url(), invitation)
	}
	if admin := f.adminURL(); admin != "" {
		fmt.Fprintf(a.out, "  运行状况  %s/metrics\n", admin)
	}
	fmt.Fprintf(a.out, "  知识      %d 个知识点、%d 种问法", entries, wordings)
	if sample {
		fmt.Fprint(a.out, "（内置示例；换成自己的：faqbot import --mode replace 文件）")
	}
	fmt.Fprintln(a.out)
}

// follow takes over what editors change, until ctx ends.
func follow(ctx context.Context, source interface {
	Revision(context.Context) (int64, error)
}, answers *bot.Answerer, log *zap.Logger) {
	tick := time.NewTicker(refreshEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		revision, err := source.Revision(ctx)
		if err == nil && revision != answers.Revision() {
			err = answers.Refresh(ctx)
		}
		if err != nil && ctx.Err() == nil {
			log.Error("the knowledge cannot be brought up to date; answers come from the state before", zap.Error(err))
		}
	}
}

// inBackground runs the jobs until stop is called, which waits for them.
func inBackground(ctx context.Context, jobs ...func(context.Context)) (stop func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{}, len(jobs))
	for _, job := range jobs {
		go func() { job(ctx); done <- struct{}{} }()
	}
	return func(deadline context.Context) error {
		cancel()
		for range jobs {
			select {
			case <-done:
			case <-deadline.Done():
				return fmt.Errorf("stop the work in the background: %w", deadline.Err())
			}
		}
		return nil
	}
}

// downward is what has to be closed, last first, within one deadline.
type downward []func(context.Context) error

func (d *downward) push(step func(context.Context) error) { *d = append(*d, step) }

func (d downward) run() error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	var errs []error
	for i := len(d) - 1; i >= 0; i-- {
		errs = append(errs, d[i](ctx))
	}
	return errors.Join(errs...)
}
