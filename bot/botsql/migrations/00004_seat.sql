-- +goose Up

-- How a conversation stands with the humans: service is JSON and the truth, empty
-- if the humans have nothing to do with it. What follows from it stands beside it
-- to be searched, and is only written when the truth is.
ALTER TABLE bot_conversation ADD COLUMN service TEXT NOT NULL DEFAULT '';
ALTER TABLE bot_conversation ADD COLUMN phase TEXT NOT NULL DEFAULT '';
ALTER TABLE bot_conversation ADD COLUMN skill_group TEXT COLLATE "binary" NOT NULL DEFAULT '';
ALTER TABLE bot_conversation ADD COLUMN owner TEXT COLLATE "binary" NOT NULL DEFAULT '';
ALTER TABLE bot_conversation ADD COLUMN rank BIGINT NOT NULL DEFAULT 0;
ALTER TABLE bot_conversation ADD COLUMN queued_at BIGINT NOT NULL DEFAULT 0;

-- Conversations that only the bot has are in none of these.
CREATE INDEX bot_conversation_waiting ON bot_conversation (rank DESC, queued_at, id)
    WHERE state = 'open' AND phase = 'queued';
CREATE INDEX bot_conversation_served ON bot_conversation (owner, id)
    WHERE state = 'open' AND phase = 'agent';
CREATE INDEX bot_conversation_done ON bot_conversation (owner, closed_at, id)
    WHERE state = 'closed' AND owner <> '';
CREATE INDEX bot_conversation_done_by_any ON bot_conversation (closed_at, id)
    WHERE state = 'closed' AND owner <> '';

-- Who answers a leave-message. It stays the agent's when it is finished.
ALTER TABLE bot_leave ADD COLUMN agent TEXT COLLATE "binary" NOT NULL DEFAULT '';
ALTER TABLE bot_leave ADD COLUMN taken_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE bot_leave ADD COLUMN finished_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX bot_leave_open ON bot_leave (position) WHERE agent = '' AND finished_at = 0;
CREATE INDEX bot_leave_taken ON bot_leave (agent, position) WHERE agent <> '' AND finished_at = 0;

-- Skill groups (技能组). channels and categories are JSON.
CREATE TABLE bot_group (
    id         TEXT COLLATE "binary" PRIMARY KEY,
    name       TEXT NOT NULL,
    channels   TEXT NOT NULL,
    categories TEXT NOT NULL,
    manual     BOOLEAN NOT NULL,
    direct     BOOLEAN NOT NULL,
    max_queue  BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- Agents at the desk (坐席). skill_groups is JSON.
CREATE TABLE bot_seat (
    agent        TEXT COLLATE "binary" PRIMARY KEY,
    nick         TEXT NOT NULL,
    skill_groups TEXT NOT NULL,
    most         BIGINT NOT NULL,
    presence     TEXT NOT NULL,
    since        BIGINT NOT NULL,
    seen_at      BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL
);

-- The log of their states. number counts the changes of one agent: clocks of
-- several machines may disagree about the order.
CREATE TABLE bot_presence (
    agent       TEXT COLLATE "binary" NOT NULL,
    number      BIGINT NOT NULL,
    was         TEXT NOT NULL,
    presence    TEXT NOT NULL,
    at          BIGINT NOT NULL,
    changed_by  TEXT NOT NULL,
    PRIMARY KEY (agent, number)
);
CREATE INDEX bot_presence_at ON bot_presence (agent, at);

-- Quick replies (常用语). agent is empty if they are everybody's.
CREATE TABLE bot_phrase (
    id         TEXT COLLATE "binary" PRIMARY KEY,
    agent      TEXT COLLATE "binary" NOT NULL,
    folder     TEXT COLLATE "binary" NOT NULL,
    shortcut   TEXT NOT NULL,
    text       TEXT NOT NULL,
    position   BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX bot_phrase_agent ON bot_phrase (agent);

-- What is known about customers (顾客信息库). fields, tags and notes are JSON.
CREATE TABLE bot_customer (
    id         TEXT COLLATE "binary" PRIMARY KEY,
    fields     TEXT NOT NULL,
    tags       TEXT NOT NULL,
    notes      TEXT NOT NULL,
    level      BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- Which customer a visitor is; visitor is the key over all channels.
CREATE TABLE bot_customer_visitor (
    visitor    TEXT COLLATE "binary" PRIMARY KEY,
    channel    TEXT NOT NULL,
    account    TEXT NOT NULL,
    visitor_id TEXT NOT NULL,
    customer   TEXT COLLATE "binary" NOT NULL
);
CREATE INDEX bot_customer_visitor_customer ON bot_customer_visitor (customer, visitor);

-- What visitors and agents sent, and its content in pieces.
CREATE TABLE bot_file (
    id      TEXT COLLATE "binary" PRIMARY KEY,
    visitor TEXT NOT NULL,
    sender  TEXT NOT NULL,
    name    TEXT NOT NULL,
    type    TEXT NOT NULL,
    size    BIGINT NOT NULL,
    width   BIGINT NOT NULL,
    height  BIGINT NOT NULL,
    at      BIGINT NOT NULL
);
CREATE TABLE bot_file_piece (
    file    TEXT COLLATE "binary" NOT NULL,
    number  BIGINT NOT NULL,
    content BYTEA NOT NULL, -- SQLite keeps blobs as they are whatever the type
    PRIMARY KEY (file, number)
);

-- For the ratings that supervisors look at.
CREATE INDEX bot_rating_at ON bot_rating (at);

-- +goose Down
DROP INDEX bot_rating_at;
DROP TABLE bot_file_piece;
DROP TABLE bot_file;
DROP TABLE bot_customer_visitor;
DROP TABLE bot_customer;
DROP TABLE bot_phrase;
DROP TABLE bot_presence;
DROP TABLE bot_seat;
DROP TABLE bot_group;
DROP INDEX bot_leave_taken;
DROP INDEX bot_leave_open;
ALTER TABLE bot_leave DROP COLUMN finished_at;
ALTER TABLE bot_leave DROP COLUMN taken_at;
ALTER TABLE bot_leave DROP COLUMN agent;
DROP INDEX bot_conversation_done_by_any;
DROP INDEX bot_conversation_done;
DROP INDEX bot_conversation_served;
DROP INDEX bot_conversation_waiting;
ALTER TABLE bot_conversation DROP COLUMN queued_at;
ALTER TABLE bot_conversation DROP COLUMN rank;
ALTER TABLE bot_conversation DROP COLUMN owner;
ALTER TABLE bot_conversation DROP COLUMN skill_group;
ALTER TABLE bot_conversation DROP COLUMN phase;
ALTER TABLE bot_conversation DROP COLUMN service;
