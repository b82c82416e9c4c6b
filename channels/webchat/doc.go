// Package webchat is the customer's chat on the website: its socket, the HTTP
// fallback with the same meaning, and the widget.
//
// # Requests
//
// All below one prefix, /chat in the program.
//
//	GET  /chat/widget.js         the one line of a page: <script src=".../chat/widget.js" async></script>
//	GET  /chat/frame             the page inside the widget's iframe; also a full page by itself
//	GET  /chat/assets/…          its files, named by their content
//	POST /chat/session           who the visitor is, and a ticket (below)
//	GET  /chat/socket?ticket=…   the socket
//	POST /chat/send              the fallback: one client frame in, its reply frames out
//	GET  /chat/poll?conversation=…&after=…   the fallback: waits up to 25 s for messages
//	POST /chat/upload?name=…     a file for a message to come, as the body
//	GET  /chat/file/{id}         a file that was sent or received
//
// The session request is JSON {token, account, language, page, title, referrer,
// name}, all optional. The reply:
//
//	{"token":"…","ticket":"…","visitor":"…","expires_in":60,
//	 "texts":{"title":"…","welcome":"…","placeholder":"…", …},
//	 "hot":[{"entry":"…","question":"…"}],
//	 "limits":{"text":500,"frame":16384,"file":10485760},
//	 "form":{"fields":[{"name":"phone","label":"手机号","required":true,"type":"text|phone|email|choice",
//	                    "options":[…]}],"consent":"…","consent_id":"…"}}
//
// The form is there if the rules have one: what a visitor without a conversation
// fills in first. consent is what has to be agreed to, or empty.
//
// The token says who the visitor is: 128 random bits with a signature. The page
// keeps it and sends it again; without one, or with one that is not ours, the
// visitor is new. It travels in bodies and in the header "Authorization: Bearer",
// never in a URL. The ticket opens one socket within expires_in seconds. While
// the server is starting the reply is 503 with Retry-After. Errors of HTTP are
// {"error":{"code":…,"text":"…"}}, with the codes below.
//
// The replies of the fallback are {"frames":[…]}, the frames of the server in
// order, as the socket would have sent them; a frame that failed is a frame of
// kind error in a reply of status 200, everything else an error of HTTP. The
// fallback needs no hello, and may say it to get a "ready". A poll returns as
// soon as there is a frame, mostly of kind message, and no frames after 25 s, but
// for a "queue" if the visitor waits for an agent.
//
// The body of an upload is the file as it is, at most limits.file bytes; name is
// what it is called at the visitor's. What it is, its content says. The reply is
//
//	{"id":"…","name":"…","type":"image/png","size":1234,"width":640,"height":480}
//
// with the name cleaned, and width and height only for images. It is then sent by
// a message of kind image or file. A file comes with the type image/png,
// image/jpeg, image/gif or image/webp, or else as an attachment to be kept. Both
// requests need the token in the header; a page fetches a file and shows it as a
// blob. Whoever the conversation of a file is not of does not get it.
//
// Requests that carry an Origin must carry one of those allowed: the server's own
// and the configured ones. A socket without an Origin is refused.
//
// # Frames
//
// A frame is one text message holding one JSON object, its kind in "t". A frame
// of the client is at most 16 KiB, nested at most 8 deep, without unknown fields.
// Frames of the server may gain fields; a client ignores those it does not know.
//
// Client to server:
//
//	{"t":"hello","conversation":"…","after":17,"profile":{"page":"…","title":"…"}}
//	    the first frame of a socket: what the client has. Both empty for nothing.
//	    The reply is "ready". A conversation that is not the visitor's is like
//	    none, with reset. The profile may also hold name, referrer and language.
//	{"t":"send","id":"…","kind":"text","text":"…"}
//	    a message. The id is the client's own, 8 to 64 of [A-Za-z0-9_-], unique
//	    for the visitor. The reply is "ack" after the message is on the disk, or
//	    "error" with the same id. To send the same id again is always safe.
//	    kind     fields
//	    text     text
//	    pick     entry, text (the question tapped)
//	    handoff  -
//	    unqueue  -; the visitor does not want to wait for an agent any more
//	    image    file (id of an upload of type image/…)
//	    file     file (id of any upload)
//	    feedback of (seq of the answer), yes, text (reason, optional)
//	    solved   of (seq of the ask_solved message), yes
//	    leave    text, name, contact
//	    rating   yes, stars 1-5, tags, text; of (seq of the survey)
//	    form     fields (values by name, of the session's form), consent (its
//	             consent_id, once the visitor has agreed; none without a consent)
//	    close    -
//	    of is a number in the conversation named by "conversation", or in the
//	    present one without that; a survey outlives its conversation.
//	{"t":"suggest","n":3,"text":"…"}   type-ahead; the reply is "suggestions" with the same n
//	{"t":"resume","conversation":"…","after":17}   the client saw a gap;
//	    the reply is "messages", several in a row if there are many
//	{"t":"history","n":4,"conversation":"…","before":12}   older messages; the reply is "history"
//	{"t":"typing"}                     at most one every 3 s
//	{"t":"read","seq":18,"conversation":"…"}   the visitor has seen this and all
//	    before; without a conversation it is the current one
//	{"t":"ping"}                       the reply is "pong"
//
// Server to client:
//
//	{"t":"ready","conversation":"…","seq":18,"read":16,"reset":false,"messages":[…],"more":true}
//	    reset: the client shall forget what it has, because it is of another
//	    conversation; messages are then the last ones, otherwise those after
//	    "after". more: older ones can be had. An empty conversation means there is
//	    none yet.
//	{"t":"ack","id":"…","conversation":"…","seq":18,"at":1700000000000}
//	{"t":"message","conversation":"…","message":{…}}
//	    one message, in order of seq, once on each socket, also the visitor's own.
//	    If its conversation is not the client's: a new one begins with it.
//	{"t":"messages","conversation":"…","messages":[…]}
//	{"t":"history","n":4,"conversation":"…","messages":[…],"more":true}
//	    of this or an earlier conversation; each message names its conversation.
//	{"t":"suggestions","n":3,"options":[{"entry":"…","question":"…"}]}
//	{"t":"typing","author":"bot|agent"}
//	{"t":"queue","conversation":"…","ahead":2,"low":60,"high":180}
//	    the visitor waits for an agent, and so many others come before; the wait is
//	    between low and high, in seconds, or not known if both are 0. With
//	    "state":"nobody" no agent is there, "closed" it is not their time of day.
//	    Comes on every change, and after ready. It ends with the next message of
//	    kind accepted, taken_over, returned or closed.
//	{"t":"seen","conversation":"…","seq":17}   the agent has seen this and all before
//	{"t":"provisional","id":"…","messages":[…]}
//	    nothing can be stored at the moment: an answer to the message with the id
//	    that is shown but not kept; its messages have seq 0. The message itself
//	    stays unsent, and is sent again later.
//	{"t":"error","code":4290,"text":"…","id":"…","retry_after":1.5}
//	{"t":"pong"}
//
// A message:
//
//	{"conversation":"…","seq":18,"id":"… the client's id","author":"visitor|bot|agent|system",
//	 "kind":"…","text":"…","html":"… sanitised rich text, for answers and notices","at":1700000000000,
//	 "card":{"of":…,"entry":"…","question":"…","options":[…],"actions":["handoff"],
//	         "yes":true,"stars":5,"tags":[…],"name":"…","contact":"…","until":…,
//	         "file":{"id":…,"name":…,"type":…,"size":…,"width":…,"height":…},
//	         "nick":"…","place":3,"low":60,"high":180,"reason":"…","fields":{"phone":"…"}}}
//
// kinds of visitors: those of "send"; of the bot: answer (options are related
// questions; feedback is asked for it), offer (options to choose from, a number
// picks), refusal and notice (actions are buttons), leave_form, ask_solved
// (of: the answer), survey (nick: of the agent it is about, if there was one); of
// agents: text, answer (as the bot's, taken from the knowledge), image, file, each
// with the nick of its author; of the system: notice, closed, and
//
//	queued       the visitor waits: place 1 is next, low and high as in "queue"
//	accepted     the agent nick is there
//	transferred  the agent nick has passed the conversation on; it waits again if
//	             there is a place
//	requeued     the agent nick was lost; the visitor waits again, before others
//	taken_over   the agent nick is there instead of the one before
//	returned     the bot is there again; reason: visitor, agent, nobody
//	event        nothing to see: it is there so that no number is missing. It has
//	             a number, an author and a kind, and nothing else.
//
// Who has a conversation, the last message of these kinds but event tells. The
// action unqueue is a button that sends unqueue, leave one that opens a form for a
// leave-message.
//
// A client shows messages by seq, each once, and never past a gap: on seeing one
// it sends "resume". An ack whose seq is not the next is not a gap by itself.
//
// Text is cleaned before it is stored: what is not UTF-8 becomes U+FFFD, line ends
// become \n, other control characters and the marks that override the direction
// of text go, and so do combining marks beyond the fourth in a row.
//
// # Codes
//
// The number of an error, of a frame and of HTTP alike; the first three digits
// are the status of HTTP.
//
//	4000 not JSON, or not the shape of a frame      4001 unknown kind of frame
//	4002 unknown field or wrong type                4003 missing or impossible value
//	4004 hello must come first, and once            4005 nested too deep
//	4010 the token or ticket is not valid           4030 the origin is not allowed
//	4040 no such conversation or message            4090 already rated, or too late
//	4130 the frame is too large                     4131 the text is too long
//	4132 the file is too large                      4150 not a kind of file that may be sent
//	4050 not this method of HTTP
//	4290 too fast: wait retry_after seconds         4291 too many connections
//	5000 something broke here; it was logged        5030 the server is starting or stopping
//	5031 nothing can be stored now: keep the message and try again
//
// The socket closes with a number that tells the client what to do:
//
//	1000 1001 3000–3099   come back after a pause with jitter
//	    1001 the server restarts   3001 no pong in time   3002 too slow to read
//	3100–3199   ask for a new session first, then come back
//	    3101 the ticket is not valid   3102 signed out
//	3200–3299   come back not before retry_after in the reason ("retry_after=30 …")
//	    3201 too many frames   3202 too many connections
//	3300–3399 1003 1007 1009   a fault of the client: do not come back by itself
//	    1003 binary frame   1007 not UTF-8   1009 frame too large   3301 too many bad frames
//	anything else   come back after a pause with jitter
package webchat
