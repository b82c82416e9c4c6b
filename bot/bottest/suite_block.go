package bottest

import (
	"testing"
	"time"

	"faqbot/bot"
)

// TestBlocks checks that a store keeps every promise of bot.BlockStore. open
// returns an empty store; it is called once for each test.
func TestBlocks(t *testing.T, open func(t *testing.T) bot.BlockStore) {
	runBeside(t, blockTests, open)
}

var blockTests = []besideTest[bot.BlockStore]{
	{"nobody is blocked", func(f *fixture, s bot.BlockStore) {
		same[[]bot.Block](f, "Blocks", nil)(s.Blocks(f.ctx, day))
		missing[any](f, "DropBlock")(nil, s.DropBlock(f.ctx, "web//a"))
	}},
	{"blocks end by themselves or by hand, and the last one counts", func(f *fixture, s bot.BlockStore) {
		block := func(visitor string, until, at int) bot.Block {
			return bot.Block{Visitor: visitor, Until: minute(until), Reason: "骂人 <b>", Agent: "小红", At: minute(at)}
		}
		a, b, c := block("web//a", 10, 1), block("web//b", 20, 2), block("web//c", 30, 2)
		for _, one := range []bot.Block{block("web//a", 50, 0), a, b, c} {
			if err := s.PutBlock(f.ctx, one); err != nil {
				f.Fatal(err)
			}
		}
		same(f, "Blocks", []bot.Block{b, c, a})(s.Blocks(f.ctx, minute(9)))
		same(f, "Blocks when one has ended", []bot.Block{b, c})(s.Blocks(f.ctx, minute(10)))
		if err := s.DropBlock(f.ctx, b.Visitor); err != nil {
			f.Error(err)
		}
		same(f, "Blocks without the one that was dropped", []bot.Block{c})(s.Blocks(f.ctx, minute(10)))
		if err := s.PutBlock(f.ctx, bot.Block{Visitor: "x\x00", Until: time.Now()}); err == nil {
			f.Error("a NUL is taken")
		}
		if err := s.PutBlock(f.ctx, bot.Block{}); err == nil {
			f.Error("nobody is taken for a visitor")
		}
	}},
}
