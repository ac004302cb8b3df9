-- No question that is asked can use it: whether somebody is a candidate is asked as "= any", and beside other conditions.
drop index task_candidates;

-- A task that nobody has is looked for by its team.
drop index task_owner;
create index task_owner on task (owner_id, order_at, id) where ended_at is null and owner_id is not null;
