-- How each place outside that holds tree heads is doing. Configuration says which there are.
create table log_place (
    place        text primary key,
    -- Since when it lacks a head that was signed; null: it has the newest.
    behind_since timestamptz,
    -- Tries since then.
    attempts     integer not null default 0,
    -- When it is tried next.
    due_at       timestamptz,
    error        text,
    -- When compliance was told that it is behind.
    told_at      timestamptz,
    check ((behind_since is null) = (due_at is null)),
    check (behind_since is not null or (error is null and told_at is null and attempts = 0))
);
