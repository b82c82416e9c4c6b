-- One set of statements for SQLite and PostgreSQL. Times are unix milliseconds,
-- 0 means none. Columns that hold JSON are TEXT, those of type BYTEA bytes (SQLite
-- keeps blobs as they are whatever the type). What is sealed is sealed for its row
-- and column. The collation "binary" orders ids by their bytes on both databases.

-- +goose Up

-- A version is recorded in the transaction that reaches it, so of two programs
-- that migrate at the same time one must fail here, and finds the work done.
CREATE UNIQUE INDEX wechat_schema_version ON wechat_schema (version_id);

-- Official accounts (公众号). secret, token and aes_key are sealed; events and menu
-- are JSON.
CREATE TABLE wechat_account (
    id         TEXT COLLATE "binary" PRIMARY KEY,
    name       TEXT NOT NULL,
    kind       TEXT NOT NULL,
    app_id     TEXT NOT NULL,
    secret     BYTEA NOT NULL,
    token      BYTEA NOT NULL,
    aes_key    BYTEA NOT NULL,
    mode       TEXT NOT NULL,
    sends      BOOLEAN NOT NULL,
    menus      BOOLEAN NOT NULL,
    region     TEXT NOT NULL,
    level      TEXT NOT NULL,
    events     TEXT NOT NULL,
    menu       TEXT NOT NULL,
    disabled   BOOLEAN NOT NULL,
    version    BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- What the platform sent. The indexes of states are small: nearly all are done.
CREATE TABLE wechat_callback (
    account TEXT COLLATE "binary" NOT NULL,
    key     TEXT COLLATE "binary" NOT NULL,
    open_id TEXT COLLATE "binary" NOT NULL,
    raw     BYTEA NOT NULL,
    state   TEXT NOT NULL,
    reason  TEXT NOT NULL,
    reply   BYTEA NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (account, key)
);
CREATE INDEX wechat_callback_at ON wechat_callback (at);
CREATE INDEX wechat_callback_taken ON wechat_callback (at, account, key) WHERE state = 'taken';
CREATE INDEX wechat_callback_broken ON wechat_callback (account, at, key) WHERE state = 'broken';

-- Visitors of an account, as the platform knows them. choices is JSON.
CREATE TABLE wechat_follower (
    account       TEXT COLLATE "binary" NOT NULL,
    open_id       TEXT COLLATE "binary" NOT NULL,
    version       BIGINT NOT NULL,
    gone          BOOLEAN NOT NULL,
    allowed       BIGINT NOT NULL, -- how many are left
    allowed_of    BIGINT NOT NULL,
    allowed_until BIGINT NOT NULL,
    granted       TEXT NOT NULL,
    heard_at      BIGINT NOT NULL,
    conversation  TEXT COLLATE "binary" NOT NULL,
    seq           BIGINT NOT NULL,
    choices       TEXT NOT NULL,
    PRIMARY KEY (account, open_id)
);

-- Parts of messages on their way to a follower. place orders the follower's
-- conversations as they were added. Those that are open, and those that are to be
-- looked at, are found in small indexes alone.
CREATE TABLE wechat_outgoing (
    conversation TEXT COLLATE "binary" NOT NULL,
    seq          BIGINT NOT NULL,
    part         BIGINT NOT NULL,
    account      TEXT COLLATE "binary" NOT NULL,
    open_id      TEXT COLLATE "binary" NOT NULL,
    place        BIGINT NOT NULL,
    content      TEXT NOT NULL,
    agent        BOOLEAN NOT NULL,
    is_last      BOOLEAN NOT NULL,
    state        TEXT NOT NULL,
    due          BIGINT NOT NULL,
    batch        TEXT NOT NULL,
    code         BIGINT NOT NULL,
    reason       TEXT NOT NULL,
    changed_at   BIGINT NOT NULL,
    PRIMARY KEY (conversation, seq, part)
);
CREATE INDEX wechat_outgoing_open ON wechat_outgoing (account, open_id, place, seq, part)
    WHERE state IN ('waiting', 'sending', 'kept');
CREATE INDEX wechat_outgoing_waiting ON wechat_outgoing (due, account, open_id) WHERE state = 'waiting';
CREATE INDEX wechat_outgoing_sending ON wechat_outgoing (changed_at, account, open_id) WHERE state = 'sending';
CREATE INDEX wechat_outgoing_closed ON wechat_outgoing (changed_at)
    WHERE state NOT IN ('waiting', 'sending', 'kept');

-- Tokens of the platform's API, sealed, and who fetches a new one. version is 0 if
-- there is none yet.
CREATE TABLE wechat_token (
    account      TEXT COLLATE "binary" PRIMARY KEY,
    value        BYTEA NOT NULL,
    until        BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    node         TEXT NOT NULL,
    leased_until BIGINT NOT NULL
);

-- Pictures that the platform keeps for us.
CREATE TABLE wechat_media (
    account TEXT COLLATE "binary" NOT NULL,
    hash    TEXT COLLATE "binary" NOT NULL,
    id      TEXT NOT NULL,
    until   BIGINT NOT NULL,
    PRIMARY KEY (account, hash)
);

-- The last errors of the platform's API.
CREATE TABLE wechat_failure (
    id      TEXT COLLATE "binary" PRIMARY KEY,
    account TEXT COLLATE "binary" NOT NULL,
    api     TEXT NOT NULL,
    code    BIGINT NOT NULL,
    text    TEXT NOT NULL,
    at      BIGINT NOT NULL
);
CREATE INDEX wechat_failure_account ON wechat_failure (account, at, id);

-- +goose Down
DROP TABLE wechat_failure;
DROP TABLE wechat_media;
DROP TABLE wechat_token;
DROP TABLE wechat_outgoing;
DROP TABLE wechat_follower;
DROP TABLE wechat_callback;
DROP TABLE wechat_account;
DROP INDEX wechat_schema_version;
