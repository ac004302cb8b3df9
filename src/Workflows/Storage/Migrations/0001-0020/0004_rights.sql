-- The run at the top of those that started each other: a child workflow belongs to the case above it.
create function run_root(run uuid, parent uuid) returns uuid language plpgsql stable as $$
begin
    while parent is not null loop
        run := parent;
        parent := (select i.parent_id from workflow_instance i where i.id = run);
    end loop;
    return run;
end $$;

-- Changes to a case by hand that a second person must approve, because the journey has a rule of four eyes, of review or of skills.
create table case_change (
    id            uuid primary key,
    -- The run that is changed: the case, or a child workflow of it.
    instance_id   uuid not null references workflow_instance (id) on delete cascade,
    case_id       uuid not null references workflow_instance (id) on delete cascade,
    -- Alterations as Elsa writes them, and in words.
    alterations   json not null,
    summary       text not null,
    reason        text not null,
    requested_by  text not null,
    requested_at  timestamptz not null,
    state         text not null check (state in ('Pending', 'Approved', 'Refused')),
    decided_by    text,
    decided_at    timestamptz,
    check ((state = 'Pending') = (decided_at is null) and (decided_by is null) = (decided_at is null)),
    check (state <> 'Approved' or decided_by <> requested_by)
);
create index case_change_case on case_change (case_id, requested_at desc);
create index case_change_instance on case_change (instance_id);

-- Attempts to sign in, by person and address. An address from which the person has signed in is known, and strangers don't slow it down.
create table sign_in_origin (
    person_id     uuid not null references person (id),
    -- The IP address, or the network of an IPv6 address.
    origin        text not null,
    failures      integer not null,
    blocked_until timestamptz,
    succeeded_at  timestamptz,
    changed_at    timestamptz not null,
    primary key (person_id, origin)
);

-- Who is unlocked, or gets a new password, can sign in at once, from wherever they tried.
create function forget_failures() returns trigger language plpgsql as $$
begin
    update sign_in_origin set failures = 0, blocked_until = null where person_id = new.id;
    return null;
end $$;
create trigger person_unlocked after update of locked_until on person for each row
    when (new.locked_until is null) execute function forget_failures();
