package bot

import "sync"

// Hint says that a conversation has grown. It only wakes up: it may be lost, come
// twice or out of order, and who gets it reads the store from its own cursor.
type Hint struct {
	Visitor      string // Visitor.Key
	Conversation string
	Seq          int64
	// Messages are the last ones up to Seq, if they are at hand.
	Messages []Message
	// Typing says who is writing, if this is all there is to say.
	Typing Author
	// Service is how the conversation stands with the humans, Was how it stood
	// before; nil if the bot has it and had it.
	Service, Was *Service
	// Queue is the visitor's place, Seen and Read are the numbers up to which the
	// agent and the visitor have seen the conversation, if this is all there is to
	// say.
	Queue *Place
	Seen  int64
	Read  int64
}

// Bus carries hints between those who write conversations and those who show
// them. Implementations are safe for concurrent use.
type Bus interface {
	// Publish never blocks for long.
	Publish(Hint)
	// Subscribe calls receive for every hint until cancel is called. receive must
	// return soon, and may be called from several goroutines.
	Subscribe(receive func(Hint)) (cancel func())
}

// LocalBus is a Bus within one process.
type LocalBus struct {
	mu        sync.RWMutex
	receivers map[*func(Hint)]struct{}
}

// NewLocalBus returns a Bus without subscribers.
func NewLocalBus() *LocalBus { return &LocalBus{receivers: map[*func(Hint)]struct{}{}} }

// Publish calls every receiver before it returns.
func (b *LocalBus) Publish(h Hint) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for receive := range b.receivers {
		(*receive)(h)
	}
}

// Subscribe adds a receiver.
func (b *LocalBus) Subscribe(receive func(Hint)) (cancel func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.receivers[&receive] = struct{}{}
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.receivers, &receive)
	}
}
