-- Who outside is told of events, signed as Standard Webhooks says.
create table webhook_endpoint (
    id              uuid primary key,
    url             text not null unique,
    description     text not null default '',
    event_types     text[] not null check (cardinality(event_types) > 0),
    -- Encrypted with the keys of the data_protection_key table.
    secret          text not null,
    -- Signs too until then, so that a receiver can change over.
    previous_secret text,
    previous_until  timestamptz,
    -- Why it is off: a person switched it off, or the receiver answered 410 Gone.
    off_reason      text,
    active          boolean not null default true,
    revision        integer not null default 1,
    created_by      text not null,
    created_at      timestamptz not null,
    changed_at      timestamptz not null,
    check ((previous_secret is null) = (previous_until is null)),
    check (active = (off_reason is null))
);
