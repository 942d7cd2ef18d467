-- Of a post that says so of itself: it is sent before all others.
ALTER TABLE campaign ADD COLUMN urgent BOOLEAN NOT NULL DEFAULT false;
