-- The ladder of a meeting that was announced: when readers are reminded of it, by its start. A meeting that
-- is moved has another ladder; what was done for the earlier start stays.
CREATE TABLE reminder (
    post_id INTEGER NOT NULL REFERENCES post (id),
    starts_at INTEGER NOT NULL,
    -- how long before: 14d, 2h
    step TEXT NOT NULL,
    due_at INTEGER NOT NULL,
    -- when its turn came, or was found to have passed: it never comes again
    fired_at INTEGER,
    -- none of a step that was passed over
    campaign_id INTEGER UNIQUE REFERENCES campaign (id),
    PRIMARY KEY (post_id, starts_at, step),
    CHECK (due_at < starts_at),
    CHECK (campaign_id IS NULL OR fired_at IS NOT NULL)
) STRICT, WITHOUT ROWID;
-- What is still to come.
CREATE INDEX reminder_due ON reminder (due_at) WHERE fired_at IS NULL;
