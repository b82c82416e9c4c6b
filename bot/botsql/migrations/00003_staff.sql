-- +goose Up
-- Who works here. roles and extra hold JSON, factor and pending sealed secrets in
-- base64. folded is the name without its case.
CREATE TABLE staff_account (
    id          TEXT COLLATE "binary" PRIMARY KEY,
    name        TEXT NOT NULL,
    folded      TEXT COLLATE "binary" NOT NULL UNIQUE,
    nick        TEXT NOT NULL,
    roles       TEXT NOT NULL,
    extra       TEXT NOT NULL,
    disabled    BOOLEAN NOT NULL,
    must_change BOOLEAN NOT NULL,
    password    TEXT NOT NULL,
    factor      TEXT NOT NULL,
    pending     TEXT NOT NULL,
    step        BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    seen_at     BIGINT NOT NULL
);

-- proof is a hash of what the browser holds.
CREATE TABLE staff_session (
    id       TEXT COLLATE "binary" PRIMARY KEY,
    account  TEXT COLLATE "binary" NOT NULL,
    proof    TEXT COLLATE "binary" NOT NULL UNIQUE,
    begun_at BIGINT NOT NULL,
    used_at  BIGINT NOT NULL,
    network  TEXT NOT NULL,
    browser  TEXT NOT NULL
);
CREATE INDEX staff_session_account ON staff_session (account);

-- Failures to sign in, by name or network address.
CREATE TABLE staff_throttle (
    id       TEXT COLLATE "binary" PRIMARY KEY,
    failures BIGINT NOT NULL,
    locks    BIGINT NOT NULL,
    last_at  BIGINT NOT NULL,
    until_at BIGINT NOT NULL
);

-- The link that makes the first account; proof is a hash of its token.
CREATE TABLE staff_invitation (
    id       BIGINT PRIMARY KEY CHECK (id = 1),
    proof    TEXT NOT NULL,
    until_at BIGINT NOT NULL
);
INSERT INTO staff_invitation (id, proof, until_at) VALUES (1, '', 0);

-- The log (操作日志). Each hash covers its row and the hash before. The one row of
-- the head is locked by every transaction that changes anything about the staff,
-- from its beginning to its end, so that numbers have no gap and the chain does not
-- fork. Nothing updates or deletes rows of the log.
CREATE TABLE staff_audit (
    n            BIGINT PRIMARY KEY,
    at           BIGINT NOT NULL,
    account      TEXT COLLATE "binary" NOT NULL,
    name         TEXT NOT NULL,
    network      TEXT NOT NULL,
    browser      TEXT NOT NULL,
    what         TEXT COLLATE "binary" NOT NULL,
    object       TEXT COLLATE "binary" NOT NULL,
    state_before TEXT NOT NULL,
    state_after  TEXT NOT NULL,
    ok           BOOLEAN NOT NULL,
    why          TEXT NOT NULL,
    hash         TEXT NOT NULL
);
CREATE INDEX staff_audit_account ON staff_audit (account, n);
CREATE INDEX staff_audit_object ON staff_audit (object, n);
CREATE INDEX staff_audit_at ON staff_audit (at);
CREATE TABLE staff_audit_head (
    id   BIGINT PRIMARY KEY CHECK (id = 1),
    n    BIGINT NOT NULL,
    hash TEXT NOT NULL
);
INSERT INTO staff_audit_head (id, n, hash) VALUES (1, 0, '');

-- +goose Down
DROP TABLE staff_audit_head;
DROP TABLE staff_audit;
DROP TABLE staff_invitation;
DROP TABLE staff_throttle;
DROP TABLE staff_session;
DROP TABLE staff_account;
