-- A rule that a person let go for one content of a post. It only grows.
CREATE TABLE allowance (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug TEXT NOT NULL,
    -- as in post_version: the very text and files that were looked at
    hash TEXT NOT NULL,
    rule TEXT NOT NULL,
    reason TEXT NOT NULL CHECK (reason <> ''),
    -- the name they were logged in under
    allowed_by TEXT NOT NULL,
    allowed_at BIGINT NOT NULL
);
CREATE INDEX allowance_post ON allowance (slug, hash);
