-- One set of statements for SQLite and PostgreSQL. Times are unix milliseconds,
-- 0 means none. The collation "binary" is SQLite's own; Migrate creates its like
-- on PostgreSQL, so that both order ids by their bytes.

-- +goose Up

-- A version is recorded in the transaction that reaches it, so of two programs
-- that migrate at the same time one must fail here, and finds the work done.
CREATE UNIQUE INDEX kb_schema_version ON kb_schema (version_id);

-- The change counter: value is the number drawn last, base the number of the
-- last change of the category tree or the lexicon.
CREATE TABLE kb_revision (
    id    BIGINT PRIMARY KEY CHECK (id = 1),
    value BIGINT NOT NULL,
    base  BIGINT NOT NULL
);
INSERT INTO kb_revision (id, value, base) VALUES (1, 0, 0);

-- The tree. The root is a row of its own, its own parent. path repeats the names
-- from the root down as a JSON array, path_key is a digest of it: with it, two
-- siblings cannot have the same name however long it is.
CREATE TABLE kb_category (
    id        TEXT PRIMARY KEY,
    parent_id TEXT NOT NULL REFERENCES kb_category (id),
    name      TEXT NOT NULL,
    position  BIGINT NOT NULL,
    path      TEXT NOT NULL,
    path_key  TEXT NOT NULL UNIQUE
);
CREATE INDEX kb_category_parent ON kb_category (parent_id);
INSERT INTO kb_category (id, parent_id, name, position, path, path_key)
VALUES ('', '', '', 0, '[]', '');

-- A deleted entry stays as a tombstone without content, so that readers of the
-- change cursor learn of it.
CREATE TABLE kb_entry (
    id               TEXT COLLATE "binary" PRIMARY KEY,
    category_id      TEXT NOT NULL REFERENCES kb_category (id),
    question         TEXT NOT NULL,
    question_key     TEXT NOT NULL,
    variants         TEXT NOT NULL,
    counter_examples TEXT NOT NULL,
    answers          TEXT NOT NULL,
    related          TEXT NOT NULL,
    reply_all        BOOLEAN NOT NULL,
    effective_from   BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL,
    enabled          BOOLEAN NOT NULL,
    hot              BOOLEAN NOT NULL,
    threshold        DOUBLE PRECISION NOT NULL,
    owner            TEXT NOT NULL,
    created_at       BIGINT NOT NULL,
    created_by       TEXT NOT NULL,
    updated_at       BIGINT NOT NULL,
    updated_by       TEXT NOT NULL,
    version          BIGINT NOT NULL,
    rev              BIGINT NOT NULL,
    deleted          BOOLEAN NOT NULL
);
CREATE UNIQUE INDEX kb_entry_rev ON kb_entry (rev);
CREATE UNIQUE INDEX kb_entry_question ON kb_entry (question_key) WHERE NOT deleted;
CREATE INDEX kb_entry_category ON kb_entry (category_id, deleted);

CREATE TABLE kb_lexicon (
    id      BIGINT PRIMARY KEY CHECK (id = 1),
    version BIGINT NOT NULL,
    body    TEXT NOT NULL
);

-- +goose Down
DROP TABLE kb_lexicon;
DROP TABLE kb_entry;
DROP TABLE kb_category;
DROP TABLE kb_revision;
DROP INDEX kb_schema_version;
