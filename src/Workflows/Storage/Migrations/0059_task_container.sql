-- The run of the container a task's step is in: the same step in a branch beside it, or in another turn of a loop, has another. Null for tasks opened before.
alter table task add column container_id uuid;
