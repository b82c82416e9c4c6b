-- +goose Up
-- Entries that agents keep at hand (收藏).
CREATE TABLE bot_favourite (
    agent    TEXT COLLATE "binary" NOT NULL,
    entry    TEXT COLLATE "binary" NOT NULL,
    question TEXT NOT NULL, -- what the entry was called when it was kept
    at       BIGINT NOT NULL,
    PRIMARY KEY (agent, entry)
);

-- +goose Down
DROP TABLE bot_favourite;
