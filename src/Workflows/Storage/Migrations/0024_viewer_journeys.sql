-- Of which journeys a viewer sees, or once saw, a case: a list by a journey of which someone sees nothing is empty without a look at what they see.
create table viewer_journey (
    viewer   text collate "C" not null,
    journey  text not null,
    primary key (viewer, journey)
);
insert into viewer_journey select distinct v.viewer, i.definition_id from case_viewer v join workflow_instance i on i.id = v.instance_id;

-- A search finds journeys there, and the words of a case are those of its own.
update case_search s set words = lower(' ' || c.reference || ' ' || c.customer_id || ' ' || c.customer_name) from journey_case c where c.id = s.case_id;

-- Without the second condition, which every search of titles implies, the planner takes the whole index for what is open.
drop index task_title;
create index task_title on task using gin ((' ' || lower(title)) gin_trgm_ops) where ended_at is null and title is not null;
