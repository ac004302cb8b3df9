-- Whether an instance belongs to something outside the engine, such as a case: it was started so, or the one above it was. The others are few, and lists of
-- them begin there.
alter table workflow_instance add column owned boolean not null default false;
create index workflow_instance_free on workflow_instance (created_at desc, id) where not owned;
