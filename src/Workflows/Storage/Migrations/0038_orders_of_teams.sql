-- Lists are of teams, each of which is read in the order of the list.
drop index task_priority;
create index task_priority on task (team, priority, order_at, id) where ended_at is null;
drop index task_created;
create index task_created on task (team, created_at, id) where ended_at is null;
