package bot

// Inbound is what a visitor does, as a channel hands it over.
type Inbound struct {
	Visitor Visitor
	Profile Profile
	// ClientID is the visitor's own id of the message, needed and unique for the
	// visitor: the same id again is the same message again.
	ClientID string
	Kind     MessageKind // one of those that visitors send
	// Conversation is the one that Card.Of is a number in; empty means the open one.
	Conversation string
	Text         string
	Card         Card
}

// Receipt says what became of an Inbound: it is on the disk.
type Receipt struct {
	// Message is the visitor's message as it is stored.
	Message Message
	// Again says that it had been stored before; nothing new happened.
	Again bool
}

// View is what a visitor sees of their current conversation.
type View struct {
	// Conversation is empty if there is none yet.
	Conversation string
	Seq          int64 // of its last message
	Read         int64
	// Reset says that what the client has is of another conversation, or too old
	// to be completed: Messages are then the last ones, else all after what it has.
	Reset    bool
	Messages []Message
	// More says that there are older messages.
	More bool
	// Waits says that the visitor waits for an agent; Engine.Queue tells the place.
	Waits bool
}

// Greeting is what a visitor sees before saying anything.
type Greeting struct {
	Texts map[string]string // by name, for the channel: title, welcome, placeholder …
	Hot   []Option          // hot questions
	Form  *PreChat          // to be filled in first; nil if there is none
}

// InvalidError says what is wrong with an Inbound, in words for the visitor.
type InvalidError struct {
	Field  string
	Reason string // in Chinese
}

func (e *InvalidError) Error() string { return "invalid " + e.Field + ": " + e.Reason }

// LateError says that the visitor may not do this any more.
type LateError struct{ Reason string } // in Chinese

func (e *LateError) Error() string { return "too late: " + e.Reason }
