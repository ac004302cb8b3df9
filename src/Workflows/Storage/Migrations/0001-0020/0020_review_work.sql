-- What reviewers found. Each is a run of the journey `finding`, whose tasks say how far it is; it has the id of the run.
create table finding (
    id           uuid primary key references workflow_instance (id) on delete cascade,
    title        text not null check (title <> '' and length(title) <= 200),
    body         text not null check (body <> '' and length(body) <= 4000),
    severity     text not null check (severity in ('Low', 'Medium', 'High')),
    -- What it is about: no reference, because a case can be removed while its finding stays.
    case_id      uuid,
    reference    text,
    -- A step of the case, or the number of an event of it.
    step         text,
    event        integer check (event > 0),
    -- User name.
    person       text,
    -- Query of a search over history.
    search       text check (length(search) <= 1000),
    -- Who remedies it: a team, or a person by user name.
    team         text references team (key),
    owner        text,
    due_at       timestamptz not null,
    recorded_by  text not null,
    recorded_at  timestamptz not null,
    check ((team is null) <> (owner is null)),
    check ((case_id is null) = (reference is null)),
    check (step is null and event is null or case_id is not null)
);
create index finding_recorded on finding (recorded_at desc, id desc);
create index finding_case on finding (case_id) where case_id is not null;

-- Searches over history that run by themselves and tell the person who saved them what is new.
create table saved_search (
    id          uuid primary key,
    person_id   uuid not null references person (id),
    name        text not null check (name <> '' and length(name) <= 100),
    -- What to look for, without times.
    filter      json not null,
    -- When, in the time zone of the person: on a day of the week (1 is Monday), or every day.
    weekday     smallint check (weekday between 1 and 7),
    at_time     time not null,
    -- Until when it has looked.
    seen_to     timestamptz not null,
    -- Null: it is paused.
    next_at     timestamptz,
    created_at  timestamptz not null
);
create unique index saved_search_name on saved_search (person_id, lower(name));
create index saved_search_next on saved_search (next_at) where next_at is not null;

-- What its runs found, or why they didn't.
create table saved_search_run (
    id         uuid primary key,
    search_id  uuid not null references saved_search (id) on delete cascade,
    at         timestamptz not null,
    from_at    timestamptz not null,
    to_at      timestamptz not null,
    hits       integer,
    problem    text,
    check ((hits is null) = (problem is not null))
);
create index saved_search_run_search on saved_search_run (search_id, at desc);
