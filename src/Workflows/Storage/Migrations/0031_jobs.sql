-- What jobs did, by minute and host: every second would be too much to keep, and more than people read.
create table job_minute (
    job        text not null,
    host       text not null,
    minute     timestamptz not null,
    runs       integer not null,
    -- What was dealt with: rungs, timers, stimuli, effects.
    rows       bigint not null,
    failures   integer not null,
    busy_ms    bigint not null,
    longest_ms bigint not null,
    last_ms    bigint not null,
    last_at    timestamptz not null,
    primary key (job, host, minute),
    check (runs > 0 and failures between 0 and runs)
);
create index job_minute_minute on job_minute (minute);

create table job_failure (
    id       uuid primary key,
    job      text not null,
    host     text not null,
    at       timestamptz not null,
    took_ms  bigint not null,
    -- The exception with its stack.
    error    text not null
);
create index job_failure_job on job_failure (job, at desc);

create index task_draft on task (ended_at) where draft is not null;
