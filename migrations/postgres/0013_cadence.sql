-- Of somebody who left a digest for mails at once: that digest, and the last publication that is theirs by it.
ALTER TABLE subscription ADD COLUMN left_digest TEXT;
ALTER TABLE subscription ADD COLUMN left_sequence BIGINT;
