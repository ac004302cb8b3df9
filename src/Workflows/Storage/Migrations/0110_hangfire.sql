-- Hangfire keeps its own tables in its own schema; what Quartz and our figures of jobs kept goes.
do $$
declare
    old text;
begin
    for old in select tablename from pg_tables where schemaname = current_schema() and tablename like 'qrtz\_%' loop
        execute format('drop table %I cascade', old);
    end loop;
end $$;
drop table job_minute, job_failure, job_wish;

-- A recurring job that starts nothing until someone resumes it, on all hosts.
create table job_pause (
    job    text primary key,
    at     timestamptz not null,
    actor  text not null,
    reason text
);

-- Long work that a person asked for. A job of Hangfire does it, item by item; this row says how far it is.
create table background_work (
    id           uuid primary key,
    kind         text not null,
    requested_by uuid not null references person (id),
    requested_at timestamptz not null,
    -- The caller's id for it: asking twice is asking once.
    operation_id text,
    -- What to do, as JSON.
    orders       json not null,
    state        text not null check (state in ('Queued', 'Running', 'Done', 'Failed')),
    -- Whether Hangfire has been given its job. A host that died in between leaves that to the next sweep.
    enqueued     boolean not null default false,
    total        integer not null check (total >= 0),
    done         integer not null default 0 check (done >= 0),
    refused      integer not null default 0 check (refused >= 0),
    -- Where it goes on: items before that are counted.
    position     text,
    result       json,
    error        text,
    ended_at     timestamptz,
    check ((state in ('Done', 'Failed')) = (ended_at is not null)),
    unique (requested_by, operation_id)
);
create index background_work_of_person on background_work (requested_by, requested_at desc);
create index background_work_lost on background_work (requested_at) where not enqueued;
