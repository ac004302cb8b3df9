-- The words of open cases have an index of their own, so that a search of open work doesn't read those of the closed ones, of which there are ever more.
alter table case_search rename to case_search_before;
create table case_search (
    case_id     uuid not null,
    -- Whether the case runs, or failed and has tasks that wait.
    open        boolean not null,
    -- As of the case: lists are in this order.
    created_at  timestamptz not null,
    words       text not null
);
insert into case_search (case_id, open, created_at, words)
    select s.case_id, i.status = 'Running' or exists (select from task t where t.instance_id = i.id and t.ended_at is null), i.created_at, s.words
    from case_search_before s join workflow_instance i on i.id = s.case_id;
drop table case_search_before;
alter table case_search add primary key (case_id), add foreign key (case_id) references journey_case (id) on delete cascade;
alter table case_search alter column words set statistics 1000;
create index case_search_open on case_search using gin (words gin_trgm_ops) where open;
create index case_search_closed on case_search using gin (words gin_trgm_ops) where not open;

-- Nothing reads it.
drop index log_head_at;
