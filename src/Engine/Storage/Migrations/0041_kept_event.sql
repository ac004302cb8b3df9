-- An event for one instance or one reference that nobody waits for yet. The burst that opens the wait takes it, once, in its own transaction.
create table kept_event (
    id              uuid primary key,
    hash            text not null,
    correlation_id  text,
    instance_id     uuid,
    payload         json not null,
    created_at      timestamptz not null,
    expires_at      timestamptz not null,
    check (correlation_id is not null or instance_id is not null)
);
create index kept_event_hash on kept_event (hash, created_at);
create index kept_event_expires on kept_event (expires_at);

-- Publishing looks for waits and then keeps, opening a wait looks for what is kept: whoever of the two comes second must see the first.
create function lock_events(hashes text[]) returns void language sql as $$
    select pg_advisory_xact_lock(hashtext('event'), key) from (select distinct hashtext(h) as key from unnest(hashes) h order by 1) keys
$$;
