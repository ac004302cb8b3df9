-- Lists of ended tasks (done, skipped …) in the order of the others: without it each page reads all tasks there ever were.
create index task_ended on task (state, order_at, id) where ended_at is not null;

-- Open tasks that name people: few, and not found by a team.
create index task_named on task (order_at, id) where ended_at is null and cardinality(candidates) > 0;
