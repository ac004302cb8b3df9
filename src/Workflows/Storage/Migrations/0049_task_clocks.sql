-- SLA policies that its step names: one whose start is an event in the life of the task starts then.
alter table task add column policies text[] not null default '{}';
