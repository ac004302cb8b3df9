-- What was forecast of each clock, and what became of it. Deleted by retention.
create table forecast_clock (
    clock_id   uuid primary key references sla_clock (id) on delete cascade,
    -- The last forecast before the clock ended.
    breach     real not null check (breach between 0 and 1),
    -- Half of the runs ended by then; null: not within the time that was looked at.
    likely_at  timestamptz,
    made_at    timestamptz not null,
    -- Whether it was breached. Null while that is open, and when the clock was cancelled.
    breached   boolean,
    settled_at timestamptz
);
create index forecast_clock_open on forecast_clock (clock_id) where settled_at is null;
create index forecast_clock_settled on forecast_clock (settled_at) where settled_at is not null;

-- The first forecast of a clock, and each that differs from the one before by ten points or more.
create table forecast_change (
    clock_id  uuid not null references forecast_clock (clock_id) on delete cascade,
    made_at   timestamptz not null,
    is_first  boolean not null,
    breach    real not null check (breach between 0 and 1),
    likely_at timestamptz,
    due_at    timestamptz not null,
    primary key (clock_id, made_at)
);

-- Someone who works in another team for some hours. A job ends it.
create table team_loan (
    id         uuid primary key,
    person_id  uuid not null references person (id),
    team_key   text not null references team (key) on delete cascade,
    from_at    timestamptz not null,
    until_at   timestamptz not null,
    lent_by    text not null,
    ended_at   timestamptz,
    check (until_at > from_at)
);
create unique index team_loan_open on team_loan (person_id, team_key) where ended_at is null;
create index team_loan_until on team_loan (until_at) where ended_at is null;
