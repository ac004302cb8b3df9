-- Who declined the task or let its offer expire: their preferred skills keep it from no one else.
alter table task add column passed_by uuid[] not null default '{}';
update task t set passed_by = o.people
    from (select task_id, array_agg(distinct person_id) people from task_offer where state in ('Declined', 'Expired') group by task_id) o
    where o.task_id = t.id;

-- The share of time that a team keeps for deferred work is a part of its policy.
alter table team drop column deferred_share;
-- How long someone was on live work since the begin of their shift.
create index task_live on task (owner_id, ended_at) where work_kind = 'live' and owner_id is not null;

-- The last replay of a draft, for whoever publishes it: of which revision, over how many days, and what it showed.
alter table distribution_draft
    add column replay json,
    add column replay_revision integer,
    add column replay_days integer,
    add column replay_at timestamptz;
