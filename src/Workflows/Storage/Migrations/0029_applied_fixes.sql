-- Fixes of the forecast that someone applied: what each promised, and what came of its clock. Written with the change itself, and deleted by retention.
create table forecast_fix (
    id         uuid primary key,
    clock_id   uuid not null references sla_clock (id) on delete cascade,
    kind       text not null check (kind in ('Reorder', 'Push', 'Move', 'Overtime', 'AskDate', 'NewDate')),
    task_id    uuid,
    person_id  uuid,
    team_key   text,
    -- Begin of overtime; end of it or of a loan, or the new date.
    from_at    timestamptz,
    until_at   timestamptz,
    -- Probability that the clock is missed without it and with it, and how many more deadlines of others were expected to be missed. Null: the forecast
    -- couldn't say.
    before     real check (before between 0 and 1),
    after      real check (after between 0 and 1),
    others     real,
    applied_by text not null,
    applied_at timestamptz not null,
    -- The same operation of the same person is applied once.
    operation  text not null,
    request    bytea not null,
    -- Whether the clock was breached. Null while that is open, and when the clock was cancelled.
    breached   boolean,
    settled_at timestamptz,
    check ((before is null) = (after is null) and (before is null) = (others is null)),
    constraint forecast_fix_operation unique (applied_by, operation)
);
create index forecast_fix_clock on forecast_fix (clock_id, applied_at);
create index forecast_fix_open on forecast_fix (clock_id) where settled_at is null;
create index forecast_fix_settled on forecast_fix (settled_at) where settled_at is not null;

-- The list behind the backlog of a period that has not ended.
create index step_fact_open on step_fact (opened_at, task_id) where ended_at is null;
