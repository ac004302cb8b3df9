-- Cases and findings own their runs, and the child workflows of these.
update workflow_instance i set owned = true
    where exists (select from journey_case c where c.id = run_root(i.id, i.parent_id))
        or exists (select from finding f where f.id = run_root(i.id, i.parent_id));
