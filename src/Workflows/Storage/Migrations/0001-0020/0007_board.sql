-- What the board of teams counts: docs/board.md.
alter table team
    -- Front office answers customers, back office works through what waits: the board measures them differently.
    add column office text not null default 'back' check (office in ('front', 'back')),
    -- Whose day its "today" and "yesterday" are, by its tz database id; null: the reader's.
    add column time_zone text;

-- Open tasks by team and step, as the board counts them: nothing else is read. None of its columns changes while someone works on a task.
create index task_board on task (team, definition_id, activity_id, suspended_reason) include (owner_id, order_at, risk_at, created_at, test_by)
    where ended_at is null;
-- What a team has finished since an instant.
create index task_flow on task (team, ended_at) include (definition_id, activity_id, created_at, order_at, ended_as, test_by) where ended_at is not null;

-- What the board showed at each full hour, for its trends. A step without open tasks has no row. Kept for five weeks.
create table board_snapshot (
    at            timestamptz not null,
    team          text not null,
    definition_id text not null,
    activity_id   text not null,
    open          integer not null,
    waiting       integer not null,
    suspended     integer not null,
    at_risk       integer not null,
    overdue       integer not null,
    primary key (at, team, definition_id, activity_id)
);
