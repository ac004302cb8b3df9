-- Who only tries something out with an instance: the one who started it, or the one above it. Null: it is real.
alter table workflow_instance add column test_by uuid;
do $$ begin
    if to_regclass('journey_case') is not null then
        update workflow_instance i set test_by = c.test_by
            from journey_case c where c.test_by is not null and c.id = run_root(i.id, i.parent_id);
    end if;
end $$;
