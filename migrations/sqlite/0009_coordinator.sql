-- Who did what to a campaign. It only grows.
CREATE TABLE action (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign_id INTEGER NOT NULL REFERENCES campaign (id),
    at INTEGER NOT NULL,
    -- the name of a table [coordinator.NAME], or of a system user while there is none; bulletin is the program
    coordinator TEXT NOT NULL CHECK (coordinator <> ''),
    action TEXT NOT NULL CHECK (action IN
        ('queued', 'approved', 'voided', 'paused', 'resumed', 'cancelled', 'retried', 'settled', 'tested')),
    detail TEXT
) STRICT;
CREATE INDEX action_campaign ON action (campaign_id, id);
CREATE TRIGGER action_is_not_changed BEFORE UPDATE ON action
BEGIN
    SELECT RAISE(ABORT, 'the log of actions only grows');
END;
CREATE TRIGGER action_is_not_deleted BEFORE DELETE ON action
BEGIN
    SELECT RAISE(ABORT, 'the log of actions only grows');
END;

-- What a second person signed; the last time counts, the log has them all.
CREATE TABLE approval (
    campaign_id INTEGER NOT NULL PRIMARY KEY REFERENCES campaign (id),
    -- what goes out, to which lists, and when, as JSON
    content TEXT NOT NULL,
    -- SHA-256 of that text
    hash TEXT NOT NULL CHECK (length(hash) = 64),
    approved_by TEXT NOT NULL,
    approved_at INTEGER NOT NULL
) STRICT;
