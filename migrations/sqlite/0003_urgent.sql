-- Of a post that says so of itself: it is sent before all others.
ALTER TABLE campaign ADD COLUMN urgent INTEGER NOT NULL DEFAULT 0 CHECK (urgent IN (0, 1));
