-- A correction enters the archive and is no news: whoever had no earlier version gets none of it by digest.
ALTER TABLE publication ADD COLUMN correction INTEGER NOT NULL DEFAULT 0 CHECK (correction IN (0, 1));
-- Who had a post is asked when it is corrected or withdrawn.
CREATE INDEX ledger_post ON ledger (post_id, purpose);
-- What discreet readers get of a campaign is a rendition of its own; its key says so too.
ALTER TABLE rendition ADD COLUMN discreet INTEGER NOT NULL DEFAULT 0 CHECK (discreet IN (0, 1));
-- They are few; whether any of them reads a list is asked at every freeze.
CREATE INDEX subscriber_discreet ON subscriber (id) WHERE discreet;
