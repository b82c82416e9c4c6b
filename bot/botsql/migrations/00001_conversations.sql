-- One set of statements for SQLite and PostgreSQL. Times are unix milliseconds,
-- 0 means none. Columns that hold JSON are TEXT. Rows refer to each other without
-- foreign keys: they are only written together, and each key would be looked up
-- once more for every message. The collation "binary" orders ids by their bytes
-- on both databases.

-- +goose Up

-- A version is recorded in the transaction that reaches it, so of two programs
-- that migrate at the same time one must fail here, and finds the work done.
CREATE UNIQUE INDEX bot_schema_version ON bot_schema (version_id);

-- visitor is the key over all channels.
CREATE TABLE bot_conversation (
    id           TEXT COLLATE "binary" PRIMARY KEY,
    visitor      TEXT COLLATE "binary" NOT NULL,
    channel      TEXT NOT NULL,
    account      TEXT NOT NULL,
    visitor_id   TEXT NOT NULL,
    profile      TEXT NOT NULL,
    state        TEXT NOT NULL,
    seq          BIGINT NOT NULL,
    read_seq     BIGINT NOT NULL,
    dialogue     TEXT NOT NULL,
    opened_at    BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    closed_at    BIGINT NOT NULL,
    close_reason TEXT NOT NULL
);
CREATE UNIQUE INDEX bot_conversation_open ON bot_conversation (visitor) WHERE state = 'open';
CREATE INDEX bot_conversation_visitor ON bot_conversation (visitor, opened_at, id);
CREATE INDEX bot_conversation_updated ON bot_conversation (updated_at);

-- sender is the visitor's key if the message has a client id.
CREATE TABLE bot_message (
    conversation TEXT COLLATE "binary" NOT NULL,
    seq          BIGINT NOT NULL,
    sender       TEXT COLLATE "binary" NOT NULL,
    client_id    TEXT COLLATE "binary" NOT NULL,
    author       TEXT NOT NULL,
    kind         TEXT NOT NULL,
    text         TEXT NOT NULL,
    card         TEXT NOT NULL,
    at           BIGINT NOT NULL,
    PRIMARY KEY (conversation, seq)
);
CREATE UNIQUE INDEX bot_message_client ON bot_message (sender, client_id) WHERE client_id <> '';

-- What led to the replies (依据).
CREATE TABLE bot_turn (
    conversation TEXT COLLATE "binary" NOT NULL,
    seq          BIGINT NOT NULL,
    reply        BIGINT NOT NULL,
    text         TEXT NOT NULL,
    decision     TEXT NOT NULL,
    rule         TEXT NOT NULL,
    entry        TEXT NOT NULL,
    question     TEXT NOT NULL,
    confidence   DOUBLE PRECISION NOT NULL,
    revision     BIGINT NOT NULL,
    model        TEXT NOT NULL,
    trace        TEXT NOT NULL,
    at           BIGINT NOT NULL,
    PRIMARY KEY (conversation, seq)
);

-- The last verdict of a kind stands.
CREATE TABLE bot_verdict (
    conversation TEXT COLLATE "binary" NOT NULL,
    seq          BIGINT NOT NULL,
    kind         TEXT COLLATE "binary" NOT NULL,
    yes          BOOLEAN NOT NULL,
    reason       TEXT NOT NULL,
    entry        TEXT NOT NULL,
    question     TEXT NOT NULL,
    confidence   DOUBLE PRECISION NOT NULL,
    at           BIGINT NOT NULL,
    PRIMARY KEY (conversation, seq, kind)
);

-- position is the order in which leave-messages came. It is drawn from the one
-- row of bot_counter, which stays locked until the transaction ends: numbers
-- become visible in their order, so that a reader never steps over one.
CREATE TABLE bot_leave (
    id           TEXT COLLATE "binary" PRIMARY KEY,
    position     BIGINT NOT NULL UNIQUE,
    conversation TEXT COLLATE "binary" NOT NULL,
    seq          BIGINT NOT NULL,
    channel      TEXT NOT NULL,
    account      TEXT NOT NULL,
    visitor_id   TEXT NOT NULL,
    name         TEXT NOT NULL,
    contact      TEXT NOT NULL,
    text         TEXT NOT NULL,
    at           BIGINT NOT NULL
);
CREATE TABLE bot_counter (
    id    BIGINT PRIMARY KEY CHECK (id = 1),
    value BIGINT NOT NULL
);
INSERT INTO bot_counter (id, value) VALUES (1, 0);

CREATE TABLE bot_rating (
    conversation TEXT COLLATE "binary" PRIMARY KEY,
    seq          BIGINT NOT NULL,
    solved       BOOLEAN,
    stars        BIGINT NOT NULL,
    tags         TEXT NOT NULL,
    comment      TEXT NOT NULL,
    at           BIGINT NOT NULL
);

-- +goose Down
DROP TABLE bot_rating;
DROP TABLE bot_counter;
DROP TABLE bot_leave;
DROP TABLE bot_verdict;
DROP TABLE bot_turn;
DROP TABLE bot_message;
DROP TABLE bot_conversation;
DROP INDEX bot_schema_version;
