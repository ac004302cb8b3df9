-- Who watches a case: they see it and watch every task it opens from then on. The ladder of a clock of the case adds them.
create table case_watcher (
    instance_id  uuid not null references workflow_instance (id) on delete cascade,
    person_id    uuid not null references person (id),
    added_at     timestamptz not null,
    primary key (instance_id, person_id)
);
create index case_watcher_person on case_watcher (person_id);
