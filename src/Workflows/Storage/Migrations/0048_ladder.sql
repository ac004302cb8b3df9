-- Skills that a step prefers: who has them comes first, until the ladder relaxes them.
alter table task add column preferred_skills text[] not null default '{}';

-- A rung changes a clock's state in place.
alter table sla_clock set (fillfactor = 80);
alter table deadline set (fillfactor = 80);
