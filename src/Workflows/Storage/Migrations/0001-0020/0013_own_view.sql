-- Links with which a customer follows a case without an account. Only the hash of a code is kept.
create table own_view_link (
    id            uuid primary key,
    code_hash     bytea not null unique check (length(code_hash) = 32),
    case_id       uuid not null references workflow_instance (id) on delete cascade,
    -- Null: as the browser asks.
    language      text check (language in ('en', 'de')),
    -- Whether the customer's date of birth is asked for, too.
    asks_birth    boolean not null,
    -- Wrong dates in a row, and until when none is taken.
    failures      integer not null default 0,
    blocked_until timestamptz,
    created_by    text not null,
    created_at    timestamptz not null,
    expires_at    timestamptz not null check (expires_at > created_at),
    revoked_by    text,
    revoked_at    timestamptz,
    check ((revoked_by is null) = (revoked_at is null))
);
create index own_view_link_case on own_view_link (case_id, created_at desc);

-- When a customer looked at their case: one row for each half hour in which they did.
create table own_view_visit (
    link_id  uuid not null references own_view_link (id) on delete cascade,
    at       timestamptz not null,
    primary key (link_id, at)
);

-- How content a customer was with a case that has ended.
create table own_view_rating (
    case_id       uuid primary key references workflow_instance (id) on delete cascade,
    -- From 1, not at all, to 5.
    satisfaction  smallint not null check (satisfaction between 1 and 5),
    -- Whether they would recommend us, from 0 to 10; null: they didn't say.
    recommend     smallint check (recommend between 0 and 10),
    comment       text not null default '' check (length(comment) <= 2000),
    rated_at      timestamptz not null,
    changed_at    timestamptz not null
);

-- What was known of a promise when it was made, and what became of it: the ledger of customers, people and teams.
create table promise (
    clock_id    uuid primary key references sla_clock (id) on delete cascade,
    case_id     uuid not null references workflow_instance (id) on delete cascade,
    made_by     text not null,
    -- The team that is to keep it: that of the step it binds, or the maker's.
    team        text,
    step        text,
    made_at     timestamptz not null,
    -- By when, as it was said then.
    due_at      timestamptz not null,
    -- How likely it was then that it would be kept, and what says so; null: nobody could say.
    chance      real check (chance between 0 and 1),
    basis       text check (basis in ('Forecast', 'Steps', 'Promises')),
    -- Four of five would be done by then; null: not known.
    likely_at   timestamptz,
    -- Why it was made although it was likely to be broken.
    reason      text check (reason <> '' and length(reason) <= 2000),
    outcome     text not null default 'Open' check (outcome in ('Open', 'Kept', 'KeptLate', 'Broken', 'Withdrawn')),
    settled_at  timestamptz,
    check ((outcome = 'Open') = (settled_at is null)),
    check ((chance is null) = (basis is null))
);
create index promise_case on promise (case_id);
create index promise_made on promise (made_at desc, clock_id desc);
create index promise_person on promise (made_by, made_at desc);
