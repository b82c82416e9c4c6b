// Package visitor plays a visitor of the web chat, as the page in a browser
// would: it asks for a session, opens a socket, says what it has, keeps what it
// has not yet been acknowledged and sends it again with the same id, asks for
// what it lacks, and comes back after every end, with a pause.
//
// It notes what it does and sees for package history, and everything the server
// does that the protocol (package webchat) does not allow.
package visitor
