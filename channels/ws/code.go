package ws

// Code is the number a connection closes with. Its range tells the other side
// what to do; see Advice.
type Code int

// The codes this package itself closes with.
const (
	CodeNormal    Code = 1000
	CodeGoingAway Code = 1001 // the server restarts
	CodeBinary    Code = 1003 // a frame that is not text
	CodeNotUTF8   Code = 1007
	CodeTooLarge  Code = 1009 // a frame beyond the limit
	CodeNoPong    Code = 3001 // the other side has been silent for too long
	CodeTooSlow   Code = 3002 // the other side does not read what it is sent
)

// codeLost stands for a connection that ended without a close frame.
const codeLost Code = 1006

// Advice is what a close code asks of the client.
type Advice int

// What a client is asked to do.
const (
	Return Advice = iota // come back after a pause with jitter
	Renew                // ask for a new session first, then come back
	Wait                 // come back not before the time in the reason
	Stay                 // do not come back by itself
)

// Advice returns what the code asks of the client.
func (c Code) Advice() Advice {
	switch {
	case c >= 3100 && c < 3200:
		return Renew
	case c >= 3200 && c < 3300:
		return Wait
	case c >= 3300 && c < 3400, c == CodeBinary, c == CodeNotUTF8, c == CodeTooLarge:
		return Stay
	default:
		return Return
	}
}
