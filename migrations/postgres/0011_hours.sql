-- When mails may reach somebody, by their own clock; without a zone of their own, by the site's.
ALTER TABLE subscriber ADD COLUMN timezone TEXT;
-- such as 21:00-08:00; in place of the site's
ALTER TABLE subscriber ADD COLUMN quiet_hours TEXT;
CREATE INDEX subscriber_timezone ON subscriber (timezone) WHERE timezone IS NOT NULL;

-- What each reader's clock shows when it goes out to them, such as 2026-06-12T09:00.
ALTER TABLE campaign ADD COLUMN local_time TEXT;

-- The last firing that was left out because no daemon ran; gone with the next edition.
ALTER TABLE digest ADD COLUMN skipped_at BIGINT;
