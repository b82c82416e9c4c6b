-- +goose Up
-- What opens one socket each, for a moment; proof is a hash of what the browser
-- holds. A row goes when it is used.
CREATE TABLE staff_tickets (
    proof    TEXT COLLATE "binary" PRIMARY KEY,
    session  TEXT COLLATE "binary" NOT NULL,
    until_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE staff_tickets;
