-- +goose Up
-- Visitors who may not write for a while.
CREATE TABLE bot_block (
    visitor TEXT COLLATE "binary" PRIMARY KEY, -- its key over all channels
    until   BIGINT NOT NULL,
    reason  TEXT NOT NULL,
    agent   TEXT NOT NULL, -- who did it
    at      BIGINT NOT NULL
);

-- +goose Down
DROP TABLE bot_block;
