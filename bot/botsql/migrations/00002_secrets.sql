-- +goose Up
-- Keys that the processes of one installation share.
CREATE TABLE bot_secret (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL -- base64
);

-- +goose Down
DROP TABLE bot_secret;
