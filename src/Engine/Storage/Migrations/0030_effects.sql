-- Not every effect belongs to an instance or an activity: mail about people's own things, webhooks of events outside a case.
alter table effect alter column instance_id drop not null;
alter table effect alter column activity_id drop not null;
create index effect_dead on effect (created_at desc, id) where state = 'dead';
