-- A mail on its way touches as few indexes as can be: what waits is in delivery_due, with its state, so
-- that it can be counted along it; what is under way is in delivery_lease only; what has come to rest is in
-- delivery_state.
DROP INDEX delivery_due;
DROP INDEX delivery_state;
CREATE INDEX delivery_due ON delivery (campaign_id, next_at, id, state) WHERE next_at IS NOT NULL;
CREATE INDEX delivery_state ON delivery (campaign_id, state) WHERE state NOT IN ('queued', 'sending', 'deferred');
