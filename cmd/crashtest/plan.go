package main

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// point is a place in the code where the server can be killed.
type point struct {
	name string // of the failpoint
	most int    // it dies at one of the first so many hits
}

// points lists the failpoints of the program.
func points() []point {
	return []point{
		{"engine/before-commit", 60}, // the turn is made, nothing is stored
		{"engine/after-commit", 60},  // stored; nobody was told, not even the sender
		{"engine/after-publish", 60}, // all tabs were told, the sender got no ack
		{"store/begun", 60},          // the transaction has begun
		{"store/before-commit", 60},  // everything is written, nothing committed
		{"store/after-commit", 60},   // committed; those who wait do not know yet
		{"webchat/after-ack", 60},    // the ack is in the sender's queue
		{"knowledge/refresh", 2},     // the index is brought up to date
		{inMigration, 1},             // the tables of the knowledge are there, those of conversations are not
	}
}

// Ways to die beside the failpoints.
const (
	atRandom   = "random time"
	rightAway  = "as soon as ready"
	atStart    = "while starting"
	atCreation = "while creating"
)

// inMigration is a failpoint that means something on a new database only.
const inMigration = "start/before-migration"

// death is how a life of the server ends.
type death struct {
	how   string // one of the ways above, or the name of a failpoint
	hit   int
	after time.Duration
}

func (d death) String() string {
	if d.hit > 0 {
		return fmt.Sprintf("%s:%d", d.how, d.hit)
	}
	return fmt.Sprintf("%s, %v", d.how, d.after.Round(time.Millisecond))
}

// plan says how each life ends: at a random time and in a chosen way by turns.
// The ways come in an order that the seed gives, all before one comes again.
func plan(seed uint64, rounds int, withFiles bool) []death {
	r := rand.New(rand.NewPCG(seed, 1))
	var deaths, ways []death
	for i := range rounds {
		if i%2 == 0 {
			deaths = append(deaths, death{how: atRandom, after: between(r, 50, 400)})
			continue
		}
		if len(ways) == 0 {
			ways = allWays(r, withFiles)
		}
		deaths = append(deaths, ways[0])
		ways = ways[1:]
	}
	return deaths
}

func allWays(r *rand.Rand, withFiles bool) []death {
	ways := []death{{how: rightAway, after: between(r, 0, 50)}, {how: atStart, after: between(r, 1, 400)}}
	if withFiles {
		ways = append(ways, death{how: atCreation, after: between(r, 1, 700)})
	}
	for _, p := range points() {
		ways = append(ways, death{how: p.name, hit: 1 + r.IntN(p.most)})
	}
	r.Shuffle(len(ways), func(i, j int) { ways[i], ways[j] = ways[j], ways[i] })
	return ways
}

func between(r *rand.Rand, from, to int) time.Duration {
	return time.Duration(from+r.IntN(to-from+1)) * time.Millisecond
}
