-- A burst asks what is kept for its own instance or its own reference: all others' kept events of the same name are not looked at.
drop index kept_event_hash;
create index kept_event_correlation on kept_event (correlation_id, hash) where instance_id is null;
create index kept_event_instance on kept_event (instance_id, hash) where instance_id is not null;
