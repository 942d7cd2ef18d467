-- What is broken, and what the operators know of it. No address of a reader, no words of a server.
CREATE TABLE alert (
    -- what sort it is and what of: 'disk', 'relay:main'
    name TEXT NOT NULL PRIMARY KEY,
    -- in the site's words: what is broken, and what to do
    what TEXT NOT NULL,
    remedy TEXT NOT NULL,
    since BIGINT NOT NULL,
    -- it is over, and its end is yet to be told
    ended_at BIGINT,
    -- when the operators were last told of it
    told_at BIGINT,
    -- somebody is telling it until then, or waits for so long before the next try
    claimed_until BIGINT
);

-- The last firing of the summary, and the last that is settled: sent, or nothing needed a person. One row.
CREATE TABLE summary (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    fired_at BIGINT NOT NULL,
    settled_at BIGINT NOT NULL,
    claimed_until BIGINT
);

-- Since when a relay that a fault holds has been held, over all its tries.
ALTER TABLE relay ADD COLUMN held_since BIGINT CHECK (held_since IS NULL OR state = 'held');
UPDATE relay SET held_since = changed_at WHERE state = 'held';
