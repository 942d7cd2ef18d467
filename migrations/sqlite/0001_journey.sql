-- The whole journey: post, audience, campaign, delivery. Times are UTC milliseconds.
-- The same file stands in ../postgres with that database's types; a test holds them together.

-- Numbers given in commit order: whoever raises one holds its row until the commit, so that no
-- reader can see a higher number before a lower one. (A Postgres sequence cannot promise that.)
CREATE TABLE counter (
    name TEXT NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;
INSERT INTO counter (name, value) VALUES ('publication', 0);

CREATE TABLE daemon (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    stopped_at INTEGER
) STRICT;

-- post ------------------------------------------------------------------------------------------

CREATE TABLE post (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    slug TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL,
    withdrawn_at INTEGER
) STRICT;

CREATE TABLE post_version (
    post_id INTEGER NOT NULL REFERENCES post (id),
    version INTEGER NOT NULL CHECK (version > 0),
    kind TEXT NOT NULL CHECK (kind IN ('meeting-summary', 'report', 'meeting-notice', 'announcement')),
    title TEXT NOT NULL,
    -- the file it was read from, whole
    source TEXT NOT NULL,
    hash TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (post_id, version)
) STRICT;

CREATE TABLE post_file (
    post_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    name TEXT NOT NULL,
    content_type TEXT NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (post_id, version, name),
    FOREIGN KEY (post_id, version) REFERENCES post_version (post_id, version)
) STRICT;

-- A version on a list, announced. Digests read these in the order of their sequence.
CREATE TABLE publication (
    sequence INTEGER NOT NULL PRIMARY KEY,
    post_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    list TEXT NOT NULL,
    published_at INTEGER NOT NULL,
    UNIQUE (post_id, version, list),
    FOREIGN KEY (post_id, version) REFERENCES post_version (post_id, version)
) STRICT;
CREATE INDEX publication_list ON publication (list, sequence);

-- audience --------------------------------------------------------------------------------------

CREATE TABLE subscriber (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- gone when the person is erased; the keyed hash stays
    email TEXT,
    email_key TEXT UNIQUE,
    email_hash TEXT NOT NULL,
    name TEXT,
    discreet INTEGER NOT NULL DEFAULT 0 CHECK (discreet IN (0, 1)),
    created_at INTEGER NOT NULL,
    erased_at INTEGER,
    CHECK ((email IS NULL) = (erased_at IS NOT NULL)),
    CHECK ((email IS NULL) = (email_key IS NULL))
) STRICT;
CREATE INDEX subscriber_hash ON subscriber (email_hash);

CREATE TABLE subscription (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    subscriber_id INTEGER NOT NULL REFERENCES subscriber (id),
    list TEXT NOT NULL,
    -- 'immediate' or the name of a digest
    cadence TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'active', 'paused', 'ended')),
    -- why we may write to this person: the words of whoever added them
    basis TEXT NOT NULL,
    -- publications after this one are news to this reader
    from_sequence INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    ended_at INTEGER,
    end_reason TEXT,
    UNIQUE (subscriber_id, list),
    CHECK ((state = 'ended') = (ended_at IS NOT NULL)),
    CHECK ((state = 'ended') = (end_reason IS NOT NULL))
) STRICT;
CREATE INDEX subscription_list ON subscription (list, state, cadence, subscriber_id);

-- Append-only: who agreed or withdrew, when, how, to which words.
CREATE TABLE consent (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    subscriber_id INTEGER NOT NULL REFERENCES subscriber (id),
    list TEXT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('requested', 'subscribed', 'cadence', 'ended')),
    source TEXT NOT NULL CHECK (source IN ('command', 'import', 'page', 'one-click')),
    wording TEXT NOT NULL,
    delivery_id INTEGER,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX consent_subscriber ON consent (subscriber_id, id);

-- An address never to be mailed, as a keyed hash.
CREATE TABLE suppression (
    hash TEXT NOT NULL PRIMARY KEY,
    reason TEXT NOT NULL CHECK (reason IN ('manual', 'bounce', 'complaint', 'erased')),
    since INTEGER NOT NULL
) STRICT;

-- Tells the secret file that the hashes above were made with. One row.
CREATE TABLE secret (
    fingerprint TEXT NOT NULL PRIMARY KEY
) STRICT;

-- campaign --------------------------------------------------------------------------------------

CREATE TABLE campaign (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('announcement', 'digest', 'reminder', 'update', 'cancellation')),
    subject TEXT NOT NULL,
    post_id INTEGER,
    version INTEGER,
    -- the digest's name
    digest TEXT,
    state TEXT NOT NULL CHECK (state IN
        ('draft', 'awaiting_approval', 'scheduled', 'running', 'paused', 'finished', 'cancelled')),
    -- why a machine paused it
    reason TEXT,
    due_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    -- set when the audience is frozen
    audience INTEGER,
    frozen_at INTEGER,
    -- when a person last let it go on: refusals from before no longer count against it
    resumed_at INTEGER,
    created_at INTEGER NOT NULL,
    finished_at INTEGER,
    CHECK ((post_id IS NULL) = (digest IS NOT NULL)),
    CHECK ((post_id IS NULL) = (version IS NULL)),
    CHECK ((audience IS NULL) = (frozen_at IS NULL)),
    CHECK (state NOT IN ('running', 'finished') OR frozen_at IS NOT NULL),
    CHECK ((state IN ('finished', 'cancelled')) = (finished_at IS NOT NULL)),
    CHECK (expires_at > due_at),
    FOREIGN KEY (post_id, version) REFERENCES post_version (post_id, version)
) STRICT;
CREATE INDEX campaign_state ON campaign (state, due_at);

CREATE TABLE campaign_list (
    campaign_id INTEGER NOT NULL REFERENCES campaign (id),
    position INTEGER NOT NULL,
    list TEXT NOT NULL,
    PRIMARY KEY (campaign_id, list)
) STRICT;

-- The last firing of a digest that has been planned.
CREATE TABLE digest (
    name TEXT NOT NULL PRIMARY KEY,
    fired_at INTEGER NOT NULL
) STRICT;

-- One row for each person, post, version and purpose: nothing twice.
CREATE TABLE ledger (
    subscriber_id INTEGER NOT NULL REFERENCES subscriber (id),
    post_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    purpose TEXT NOT NULL,
    delivery_id INTEGER NOT NULL,
    PRIMARY KEY (subscriber_id, post_id, version, purpose)
) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_delivery ON ledger (delivery_id);

-- message and delivery --------------------------------------------------------------------------

CREATE TABLE rendition (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign_id INTEGER NOT NULL REFERENCES campaign (id),
    -- what is the same for everybody who gets this one: the posts, as JSON
    key TEXT NOT NULL,
    -- set once, when the first of its mails is composed: later tries send the same words
    subject TEXT,
    html TEXT,
    text TEXT,
    UNIQUE (campaign_id, key),
    CHECK ((html IS NULL) = (subject IS NULL) AND (html IS NULL) = (text IS NULL))
) STRICT;

CREATE TABLE rendition_post (
    rendition_id INTEGER NOT NULL REFERENCES rendition (id),
    position INTEGER NOT NULL,
    post_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    list TEXT NOT NULL,
    PRIMARY KEY (rendition_id, position),
    FOREIGN KEY (post_id, version) REFERENCES post_version (post_id, version)
) STRICT;

CREATE TABLE delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign_id INTEGER NOT NULL REFERENCES campaign (id),
    subscriber_id INTEGER NOT NULL REFERENCES subscriber (id),
    rendition_id INTEGER NOT NULL REFERENCES rendition (id),
    -- without angle brackets; the same on every try
    message_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN
        ('queued', 'sending', 'accepted', 'deferred', 'in_doubt', 'failed', 'expired', 'suppressed', 'cancelled')),
    -- why it ended without being accepted
    reason TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    -- the Date header, set at the first try
    dated_at INTEGER,
    -- when a worker may claim it next
    next_at INTEGER,
    -- the daemon that has it, until when, and how often it has been claimed: a write that comes
    -- with an older fence is too late
    owner INTEGER,
    lease_until INTEGER,
    fence INTEGER NOT NULL DEFAULT 0,
    finished_at INTEGER,
    UNIQUE (campaign_id, subscriber_id),
    CHECK ((state IN ('queued', 'deferred')) = (next_at IS NOT NULL)),
    CHECK ((state = 'sending') = (owner IS NOT NULL)),
    CHECK ((state = 'sending') = (lease_until IS NOT NULL)),
    CHECK ((state IN ('accepted', 'failed', 'expired', 'suppressed', 'cancelled')) = (finished_at IS NOT NULL))
) STRICT;
CREATE INDEX delivery_due ON delivery (campaign_id, next_at, id) WHERE next_at IS NOT NULL;
CREATE INDEX delivery_lease ON delivery (owner) WHERE owner IS NOT NULL;
CREATE INDEX delivery_state ON delivery (campaign_id, state);
CREATE INDEX delivery_subscriber ON delivery (subscriber_id);

-- One try: how far it came and what the next hop said, in its own words.
CREATE TABLE attempt (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery_id INTEGER NOT NULL REFERENCES delivery (id),
    at INTEGER NOT NULL,
    relay TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('accepted', 'deferred', 'refused', 'in_doubt', 'fault')),
    stage TEXT NOT NULL,
    code INTEGER,
    enhanced TEXT,
    text TEXT NOT NULL,
    -- of a refusal only: whether it speaks of the address, of us, or of neither
    bearing TEXT CHECK (bearing IN ('hard', 'policy', 'soft')),
    duration_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX attempt_delivery ON attempt (delivery_id, id);

CREATE TABLE relay (
    name TEXT NOT NULL PRIMARY KEY,
    -- paused by a person, held by a fault until a time, or open
    state TEXT NOT NULL CHECK (state IN ('open', 'held', 'paused')),
    reason TEXT,
    -- how many times in a row it was at fault
    faults INTEGER NOT NULL DEFAULT 0,
    held_until INTEGER,
    changed_at INTEGER NOT NULL,
    CHECK ((state = 'held') = (held_until IS NOT NULL))
) STRICT;
