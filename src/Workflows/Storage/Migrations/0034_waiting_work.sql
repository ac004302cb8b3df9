-- When the earliest statutory clock of the task or its case is late, kept with due_at: a decision of the push engine compares the two for every waiting task
-- of a team.
alter table task add column statutory_at timestamptz;
update task t set statutory_at = (select min(k.late_at) from sla_clock k
        where k.instance_id = t.instance_id and (k.task_id is null or k.task_id = t.id) and k.kind = 'statutory')
    where t.ended_at is null;

-- The same for tasks that are the same to everyone who could be given one, but for what is personal to them.
alter table task add column alike bigint not null
    generated always as (hash_record_extended(row(required_skills, preferred_skills, candidates, work_kind, weight, effort), 0)) stored;

-- It may be closed to someone by four eyes, or because they passed it on.
alter table task add column personal boolean not null
    generated always as (excluded_steps <> '{}' or gave_up <> '{}' or passed_by <> '{}') stored;

-- All that the push engine must know of a team's waiting tasks to put them in their order, so that it reads the index only. Of its columns none changes
-- while someone works on a task, and none has a length that could grow beyond what an index holds.
create index task_waiting on task (team) include (id, instance_id, alike, personal, priority, effort, due_at, statutory_at, created_at)
    where ended_at is null and owner_id is null and suspended_from is null and test_by is null;
