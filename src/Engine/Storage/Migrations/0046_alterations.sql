-- A plan alters many instances: one job, and one stimulus that does it, for each. What becomes of a job is marked in the transaction that alters its instance.
create table alteration_plan (
    id           text primary key,
    alterations  json not null,
    filter       json not null,
    actor        text not null,
    created_at   timestamptz not null
);

create table alteration_job (
    id           uuid primary key,
    plan_id      text not null references alteration_plan (id) on delete cascade,
    instance_id  uuid not null,
    state        text not null check (state in ('Pending', 'Completed', 'Failed')),
    log          json,
    created_at   timestamptz not null,
    ended_at     timestamptz,
    check ((state = 'Pending') = (ended_at is null) and (state = 'Pending') = (log is null))
);
create index alteration_job_plan on alteration_job (plan_id, id);

alter table stimulus drop constraint stimulus_kind_check;
alter table stimulus add constraint stimulus_kind_check check (kind in ('publish', 'resume', 'start', 'child', 'cancel', 'tell', 'alter'));
