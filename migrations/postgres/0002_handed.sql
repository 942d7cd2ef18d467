-- When on_in_doubt = "hold": set before a message is handed over, so that after a crash only those
-- that may have arrived wait for a person.
ALTER TABLE delivery ADD COLUMN handed_at BIGINT CHECK (handed_at IS NULL OR state = 'sending');
