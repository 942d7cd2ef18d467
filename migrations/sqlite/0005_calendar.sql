-- A meeting in people's calendars: its name there for the life of the post, and its sequence, which rises
-- when the meeting is corrected or called off.
CREATE TABLE event (
    post_id INTEGER NOT NULL PRIMARY KEY REFERENCES post (id),
    uid TEXT NOT NULL UNIQUE,
    sequence INTEGER NOT NULL DEFAULT 0 CHECK (sequence >= 0)
) STRICT;
-- posts of before; one that only speaks of a meeting has an event that nobody asks for
INSERT INTO event (post_id, uid) SELECT p.id, lower(hex(randomblob(16))) FROM post p
    WHERE EXISTS (SELECT 1 FROM post_version v WHERE v.post_id = p.id AND v.source LIKE '%meeting:%');

-- The sequence that its mails carry, on every try; none without a meeting.
ALTER TABLE campaign ADD COLUMN sequence INTEGER;

-- The calendar part, kept with the other words.
ALTER TABLE rendition ADD COLUMN calendar TEXT CHECK (calendar IS NULL OR html IS NOT NULL);

-- Who comes to a meeting and who does not, as they last said.
CREATE TABLE rsvp (
    post_id INTEGER NOT NULL REFERENCES post (id),
    subscriber_id INTEGER NOT NULL REFERENCES subscriber (id),
    answer TEXT NOT NULL CHECK (answer IN ('coming', 'not_coming')),
    at INTEGER NOT NULL,
    PRIMARY KEY (post_id, subscriber_id)
) STRICT, WITHOUT ROWID;
