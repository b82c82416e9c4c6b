// Command crashtest kills the program, again and again, while visitors talk to
// it, and then checks that every promise was kept. It is for developers.
//
//	go run ./cmd/crashtest                       200 rounds with 20 visitors
//	go run ./cmd/crashtest -seed 42 -keep        the same plan again; keep the files
//	go run ./cmd/crashtest -db postgres://…      on an empty PostgreSQL database
//	go run ./cmd/crashtest -storm                5,000 sockets drop and return at once
//	go run ./cmd/crashtest -load                 answering time at half of the peak
//	go run ./cmd/crashtest -desk                 200 agents with 5 visitors each, 2,000 wait
//	go run ./cmd/crashtest -wechat               an official account with 500 messages a second
//
// # What is promised
//
//   - P1 What was acknowledged is never lost.
//   - P2 Every message is there once, however often it was sent.
//   - P3 One order for all: the messages of a conversation are numbered 1, 2, 3 …
//     without a hole, and no client ever shows them otherwise.
//   - P4 After any disconnect a client is whole again from the last number it has.
//   - P5 A conversation has one owner at most.
//
// Beside these, a question has exactly one reply, which follows it; a reply names
// the state of the knowledge that it came from (P8); what was refused for good is
// stored nowhere; and the server keeps to the protocol of package webchat.
//
// # How it is checked
//
// The real binary runs, on a real database. Simulated visitors (package visitor)
// speak the protocol as the page in a browser would, some of them in two tabs:
// they ask, tap, rate, leave messages, end conversations, send nonsense, go away
// for good. They write down everything they send, hear and show (package
// history). Each round ends with the death of the server, by turns
//
//   - with SIGKILL at a random time, 50 to 400 ms after the visitors are back,
//   - at a named point of the code, for which the binary is built with the tag
//     failpoint (package failpoint; Points lists them),
//   - with SIGKILL while it is starting,
//   - with SIGKILL while it creates a database, which must work after that.
//
// In the end all visitors come to rest and scroll up to their first message, the
// server stops in an orderly way, and history.Check compares what everybody sent
// and saw with what the database holds. A broken rule is printed with the events
// around it, and the exit code is 1.
//
// With -storm the figures are the times from the kill until half, most and all of
// the sockets are whole again, coming back with the pauses of a browser, and how
// long other visitors wait for answers meanwhile. With -load the peak is found
// with a fixed number of questions on their way; then questions come at random
// times at half that rate, and each is measured from the time at which it was
// due, so that a stall counts against all who had to wait. Both check the history
// in the end as well.
//
// # The desk
//
// With -desk agents with browsers of their own sign in, open their sockets, and
// accept what they are offered until each has as many visitors as they may; the
// others wait. Then, for a while, each agent says something every ten seconds on
// average, to which the visitor answers after up to three; three conversations a
// second end, and the next ones are accepted. All at random times that do not
// depend on the server, each measured from when it was due:
//
//   - from accepting until the visitor sees it,
//   - from a line of the agent until the visitor has it, and back,
//   - from accepting until those who wait know their new place; what counts is for
//     how long the place they were told before was wrong,
//   - from ending a conversation until the agent is offered the next.
//
// In the end somebody with thousands of conversations of history signs in again
// and again, and reads what the page reads until the first conversation is there.
//
// Meanwhile no visitor may see another's line, and no agent one of a conversation
// that is not theirs. The database must hold every line once, where the agent was
// told, with the owners that the agents know, and for visitors what was said above.
// Only what the desk and the bot reply is not checked here.
//
// # The official account
//
// With -wechat the platform is simulated in this process (package sim), with an
// official account that is set up through the console and has 5,000 followers.
// Messages come at random times at the rate, each from the follower who has waited
// longest and has no answer outstanding. The platform seals the callbacks, waits
// five seconds, tries three times, and opens and checks every answer. It sends some
// on purpose twice, with the same MsgId: at once, or when the first is answered.
// What is measured is from when a message was due until its callback is answered,
// and how long single attempts take. In the end each message must be one turn with
// its reply, there must be no others, nobody may have been told that the account is
// out of order, and whoever got the word success must have got a reply later.
//
// The server has to share the machine with the platform: the report says what both
// use.
//
// SIGKILL takes nothing from the page cache of the system, so this proves nothing
// about a loss of power; that needs another test.
//
// # To run a seed again
//
// The seed is printed first. It gives the same plan of deaths and the same
// visitors with the same words. What it cannot give is the same timing, so a rare
// interleaving may need several runs of its seed. With -keep the directory with
// the database and the log of the server stays.
package main
