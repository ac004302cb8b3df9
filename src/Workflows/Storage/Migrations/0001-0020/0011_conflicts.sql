-- Conflicts of interest: someone who must not work on the cases of a customer, because they are the customer, or related to them, or hold a share.
create table conflict (
    id          uuid primary key,
    person_id   uuid not null references person (id),
    customer_id text not null check (customer_id <> '' and length(customer_id) <= 200),
    reason      text not null check (reason <> '' and length(reason) <= 500),
    declared_by text not null,
    declared_at timestamptz not null,
    -- A conflict that was lifted is kept.
    lifted_by   text,
    lifted_at   timestamptz,
    lift_reason text,
    check ((lifted_at is null) = (lifted_by is null) and (lifted_at is null) = (lift_reason is null))
);
create unique index conflict_in_force on conflict (person_id, customer_id) where lifted_at is null;
create index conflict_customer on conflict (customer_id) where lifted_at is null;
create index conflict_person on conflict (person_id, declared_at desc);

-- The runs that someone may not work on: the cases of those customers, and the child workflows of these.
create function conflicting_runs(someone uuid) returns setof uuid language sql stable as $$
    with recursive run (id) as (
        select j.id from conflict c join journey_case j on j.customer_id = c.customer_id
            where c.person_id = someone and c.lifted_at is null and j.test_by is null
        union all select i.id from run join workflow_instance i on i.parent_id = run.id)
    select id from run
$$;

-- The same the other way around: the people who may not work on a run.
create function conflicting_people(run_id uuid) returns uuid[] language sql stable as $$
    select array(select c.person_id from journey_case j join conflict c on c.customer_id = j.customer_id and c.lifted_at is null
        where j.test_by is null and j.id = run_root(run_id, (select i.parent_id from workflow_instance i where i.id = run_id)))
$$;
