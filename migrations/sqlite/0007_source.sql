-- What comes by itself: each source, and what it has been seen to hold. Times are UTC milliseconds.

CREATE TABLE source (
    name TEXT NOT NULL PRIMARY KEY,
    -- the folder or the address it was read from: another one begins anew
    location TEXT NOT NULL,
    -- what tells whether there is anything new (RFC 9110 §8.8); of a folder, a hash of its listing
    etag TEXT,
    last_modified TEXT,
    -- when it was last read, or found to be unchanged
    polled_at INTEGER,
    next_at INTEGER NOT NULL,
    faults INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    -- somebody is looking at it until then; a write that comes with an older fence is too late
    busy_until INTEGER,
    fence INTEGER NOT NULL DEFAULT 0,
    CHECK ((faults = 0) = (error IS NULL))
) STRICT;

CREATE TABLE source_item (
    source TEXT NOT NULL REFERENCES source (name),
    -- the feed's own id, or the file's name
    item TEXT NOT NULL,
    -- of the content it had when it was last taken; empty before that
    hash TEXT NOT NULL,
    -- the slug of its post; none when it could not become one
    post TEXT,
    -- what is wrong with it
    finding TEXT,
    -- 'wanted' is to be queued, 'done' has been; 'never' is old, or for a person to queue
    announce TEXT NOT NULL CHECK (announce IN ('never', 'wanted', 'done')),
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (source, item)
) STRICT;
CREATE INDEX source_item_hash ON source_item (hash);
CREATE INDEX source_item_post ON source_item (post);
