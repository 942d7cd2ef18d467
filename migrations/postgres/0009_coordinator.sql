-- Who did what to a campaign. It only grows.
CREATE TABLE action (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    campaign_id BIGINT NOT NULL REFERENCES campaign (id),
    at BIGINT NOT NULL,
    -- the name of a table [coordinator.NAME], or of a system user while there is none; bulletin is the program
    coordinator TEXT NOT NULL CHECK (coordinator <> ''),
    action TEXT NOT NULL CHECK (action IN
        ('queued', 'approved', 'voided', 'paused', 'resumed', 'cancelled', 'retried', 'settled', 'tested')),
    detail TEXT
);
CREATE INDEX action_campaign ON action (campaign_id, id);
CREATE FUNCTION action_only_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log of actions only grows';
END
$$;
CREATE TRIGGER action_is_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON action
    FOR EACH STATEMENT EXECUTE FUNCTION action_only_grows();

-- What a second person signed; the last time counts, the log has them all.
CREATE TABLE approval (
    campaign_id BIGINT NOT NULL PRIMARY KEY REFERENCES campaign (id),
    -- what goes out, to which lists, and when, as JSON
    content TEXT NOT NULL,
    -- SHA-256 of that text
    hash TEXT NOT NULL CHECK (length(hash) = 64),
    approved_by TEXT NOT NULL,
    approved_at BIGINT NOT NULL
);
