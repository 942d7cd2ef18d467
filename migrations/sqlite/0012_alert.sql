-- What is broken, and what the operators know of it. No address of a reader, no words of a server.
CREATE TABLE alert (
    -- what sort it is and what of: 'disk', 'relay:main'
    name TEXT NOT NULL PRIMARY KEY,
    -- in the site's words: what is broken, and what to do
    what TEXT NOT NULL,
    remedy TEXT NOT NULL,
    since INTEGER NOT NULL,
    -- it is over, and its end is yet to be told
    ended_at INTEGER,
    -- when the operators were last told of it
    told_at INTEGER,
    -- somebody is telling it until then, or waits for so long before the next try
    claimed_until INTEGER
) STRICT;

-- The last firing of the summary, and the last that is settled: sent, or nothing needed a person. One row.
CREATE TABLE summary (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    fired_at INTEGER NOT NULL,
    settled_at INTEGER NOT NULL,
    claimed_until INTEGER
) STRICT;

-- Since when a relay that a fault holds has been held, over all its tries.
ALTER TABLE relay ADD COLUMN held_since INTEGER CHECK (held_since IS NULL OR state = 'held');
UPDATE relay SET held_since = changed_at WHERE state = 'held';
