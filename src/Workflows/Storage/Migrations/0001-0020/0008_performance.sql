-- How far the figures of performance have followed history, and in which zone they count days. One row: whoever adds figures locks it, and moves it
-- on in the same transaction, so that every event counts once.
create table performance_cursor (
    id         boolean primary key default true check (id),
    -- Every event of a transaction below is counted.
    xact       bigint not null,
    -- While the figures are computed anew from all of history: chains up to this one are counted, and events below `rebuild_xact` need not be asked for again.
    rebuilt    uuid,
    rebuild_xact bigint,
    zone       text not null,
    -- When nothing was left to count.
    current_at timestamptz,
    check ((rebuilt is null) = (rebuild_xact is null))
);

-- What each chain of history has added to the sums: taken off again before it is counted with more events.
create table performance_chain (
    chain_id uuid primary key,
    parts    json not null
);

-- Sums of a day and of a week, of finished work by the day it ended. `count` and `total` of what a measure counts; durations by bucket (see
-- DurationBucket), other measures in bucket 0.
create table performance_day (
    -- All zeros: everyone together, and work that nobody did. Otherwise one person's.
    person_id uuid not null,
    measure   smallint not null,
    -- 1: a day; 7: a week, by its Monday. Pages about weeks read a fifth of the rows.
    span      smallint not null,
    day       date not null,
    journey   text not null,
    -- Empty for what belongs to a case and to none of its steps.
    step      text not null,
    team      text not null,
    -- SLA policy, for clocks.
    clock     text not null,
    bucket    smallint not null,
    count     bigint not null,
    total     bigint not null,
    primary key (person_id, measure, span, day, journey, step, team, clock, bucket)
) with (fillfactor = 80);
-- People of a team, to compare them.
create index performance_day_team on performance_day (team, span, day) where person_id <> '00000000-0000-0000-0000-000000000000';

-- One visit of a case to a step: what the lists behind the figures show.
create table step_fact (
    task_id    uuid primary key,
    chain_id   uuid not null,
    case_id    uuid not null,
    journey    text not null,
    step       text not null,
    title      text not null,
    team       text not null,
    -- Who ended it, or had it when it ended; of open ones, the owner.
    person_id  uuid,
    opened_at  timestamptz not null,
    claimed_at timestamptz,
    started_at timestamptz,
    ended_at   timestamptz,
    -- Completed, Skipped, Cancelled, Failed or Returned.
    ended_as   text,
    outcome    text,
    -- Seconds.
    waiting    integer not null,
    working    integer not null,
    suspended  integer not null,
    expected   integer,
    -- How often someone began to work on it.
    touches    integer not null,
    -- Reviews that asked for changes, and whether a later step sent it back.
    changes    integer not null,
    returned   boolean not null,
    -- Whether its clocks were met; null when it had none that ended.
    on_time    boolean
);
create index step_fact_chain on step_fact (chain_id);
create index step_fact_ended on step_fact (ended_at desc, task_id) where ended_at is not null;
create index step_fact_opened on step_fact (opened_at desc, task_id);
create index step_fact_team on step_fact (team, ended_at desc, task_id) where ended_at is not null;
create index step_fact_person on step_fact (person_id, ended_at desc, task_id) where ended_at is not null;
create index step_fact_step on step_fact (journey, step, opened_at desc);

-- When someone worked on a task.
create table work_spell (
    chain_id  uuid not null,
    person_id uuid not null,
    from_at   timestamptz not null,
    to_at     timestamptz not null
);
create index work_spell_chain on work_spell (chain_id);
create index work_spell_person on work_spell (person_id, from_at);

-- Seconds someone was available on a day, and those of them in which they worked on a task. A presence counts once it has ended.
create table presence_day (
    day       date not null,
    person_id uuid not null,
    present   integer not null,
    engaged   integer not null,
    primary key (day, person_id)
);
create index presence_change_person on presence_change (person_id, at);

-- What a figure should be. An empty scope is everything: the target of the narrowest scope holds, a step before a team before a journey.
create table performance_target (
    measure    text not null,
    journey    text not null default '',
    step       text not null default '',
    team       text not null default '',
    -- From here on it is good, and from here on it is fair; the measure knows whether more or less is better.
    good       double precision not null,
    fair       double precision not null,
    revision   integer not null default 1,
    changed_by text not null,
    changed_at timestamptz not null,
    primary key (measure, journey, step, team),
    check (step = '' or journey <> '')
);

-- Weekly digests that were sent: one per person and week.
create table digest_sent (
    person_id uuid not null references person (id),
    -- Monday of the week it is about.
    week      date not null,
    at        timestamptz not null,
    primary key (person_id, week)
);
