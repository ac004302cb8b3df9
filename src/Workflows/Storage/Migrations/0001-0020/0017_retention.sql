-- What must not be removed, whatever retention or a customer asks for. A hold takes in every case that fits all that it names.
create table legal_hold (
    id             uuid primary key,
    case_id        uuid,
    customer_id    uuid,
    journey        text,
    -- Days on which its cases began, in UTC; the last is exclusive.
    started_from   timestamptz,
    started_before timestamptz,
    -- Part of a reference, customer or journey, as the list of cases finds it.
    words          text check (words <> '' and length(words) <= 100),
    reason         text not null check (reason <> '' and length(reason) <= 1000),
    placed_by      text not null,
    placed_at      timestamptz not null,
    -- When it ends by itself; null: when someone lifts it.
    until_at       timestamptz,
    lifted_by      text,
    lifted_at      timestamptz,
    lift_reason    text,
    check (num_nonnulls(case_id, customer_id, journey, started_from, started_before, words) > 0),
    check (case_id is null or num_nonnulls(customer_id, journey, started_from, started_before, words) = 0),
    check ((lifted_at is null) = (lifted_by is null) and (lifted_at is null) = (lift_reason is null))
);
create index legal_hold_in_force on legal_hold (placed_at desc) where lifted_at is null;

-- Removals take this before they look at holds, and placing a hold takes it alone: a hold that was placed is seen by every
-- removal that commits after it.
create function lock_holds(alone boolean) returns void language plpgsql as $$
begin
    if alone then
        perform pg_advisory_xact_lock(hashtext('legal holds'));
    else
        perform pg_advisory_xact_lock_shared(hashtext('legal holds'));
    end if;
end $$;

-- Whether a hold takes in a case. Test cases belong to no customer.
create function hold_fits(h legal_hold, c journey_case) returns boolean stable language sql as $$
    select c.test_by is null
        and (h.case_id is null or h.case_id = c.id)
        and (h.journey is null or h.journey = c.journey)
        and (h.started_from is null or c.created_at >= h.started_from)
        and (h.started_before is null or c.created_at < h.started_before)
        and (h.customer_id is null or exists (
            select from customer held join customer k on k.survivor = held.survivor where held.id = h.customer_id and k.number = c.customer_id))
        and (h.words is null or exists (
            select from case_search s where s.case_id = c.id
                and s.words like lower('%' || replace(replace(replace(h.words, '\', '\\'), '%', '\%'), '_', '\_') || '%')))
$$;

-- Holds in force of some cases.
create function holds_of(cases uuid[], now timestamptz) returns table (held_case uuid, hold_id uuid) stable language sql as $$
    select c.id, h.id from journey_case c join legal_hold h on hold_fits(h, c)
    where c.id = any(cases) and h.lifted_at is null and (h.until_at is null or h.until_at > now)
$$;

-- The last guard: no statement deletes a case on hold, wherever it comes from.
create function refuse_held() returns trigger language plpgsql as $$
begin
    if exists (select from legal_hold h where h.lifted_at is null and h.until_at is null and hold_fits(h, old)) then
        raise exception 'case % is on legal hold', old.reference using errcode = 'OR004';
    end if;
    return old;
end $$;
create trigger case_held before delete on journey_case for each row execute function refuse_held();

-- The runs of some cases: themselves, the child workflows below them, and others that have their reference, such as letters.
create function runs_of(cases uuid[]) returns table (of_case uuid, run uuid, running boolean) stable language sql as $$
    with recursive tree (of_case, id, status) as (
        select i.id, i.id, i.status from workflow_instance i where i.id = any(cases)
        union
        select t.of_case, i.id, i.status from tree t join workflow_instance i on i.parent_id = t.id),
    named as (
        select c.id as of_case, i.id, i.status from journey_case c join workflow_instance i on i.correlation_id = c.reference
        where c.id = any(cases) and not exists (select from journey_case other where other.id = i.id))
    select t.of_case, t.id, t.status = 'Running' from tree t union select n.of_case, n.id, n.status = 'Running' from named n
$$;

-- Until when each ended case is kept. A job writes it when a case has ended and when the policy has changed.
create table case_retention (
    case_id        uuid primary key references journey_case (id) on delete cascade,
    policy_version integer not null,
    -- Key of the rule; null: no rule fits, and the case stays.
    rule           text,
    jurisdiction   text,
    closed_at      timestamptz not null,
    remove_at      timestamptz,
    check ((rule is null) = (remove_at is null))
);
create index case_retention_due on case_retention (remove_at, case_id) where remove_at is not null;
create index case_retention_version on case_retention (policy_version);

-- A customer who asked for the removal of everything we hold of them: asked for by one person, decided by another.
create table erasure_request (
    id           uuid primary key,
    -- No foreign key: the request outlives the record.
    customer_id  uuid not null,
    reason       text not null check (reason <> '' and length(reason) <= 1000),
    requested_by text not null,
    requested_at timestamptz not null,
    state        text not null check (state in ('Requested', 'Waiting', 'Done', 'Refused')),
    decided_by   text,
    decided_at   timestamptz,
    -- Why it was refused, or what it waits for.
    note         text,
    done_at      timestamptz,
    -- What was erased, by place, with its hash and signature.
    receipt      json,
    check ((state = 'Requested') = (decided_by is null) and (decided_by is null) = (decided_at is null)),
    check (state not in ('Waiting', 'Done') or decided_by <> requested_by),
    check ((state = 'Done') = (receipt is not null) and (state = 'Done') = (done_at is not null))
);
create index erasure_request_newest on erasure_request (requested_at desc, id desc);
create unique index erasure_request_open on erasure_request (customer_id) where state in ('Requested', 'Waiting');

-- A file that someone asked for: a log for process mining. Written in parts by a job, which goes on after the last part it has committed.
create table export_file (
    id           uuid primary key,
    format       text not null check (format in ('xes', 'ocel', 'csv', 'parquet')),
    journey      text,
    started_from timestamptz,
    started_before timestamptz,
    reason       text not null check (reason <> '' and length(reason) <= 1000),
    requested_by text not null,
    requested_at timestamptz not null,
    state        text not null check (state in ('Queued', 'Running', 'Done', 'Failed')),
    -- How far it is: the last case that is in it, in the order of their ids. OCEL writes the events of all cases first, then what they are about.
    phase        smallint not null default 0,
    after_case   uuid,
    -- Activities and people met so far: OCEL lists them at its end.
    activities   text[] not null default '{}',
    people       text[] not null default '{}',
    cases        bigint not null default 0,
    events       bigint not null default 0,
    size         bigint not null default 0,
    error        text,
    ended_at     timestamptz,
    -- Days that it is kept after that.
    keep_days    integer not null default 7,
    -- The schedule that asked for it; null: a person.
    schedule_id  uuid,
    check ((state in ('Done', 'Failed')) = (ended_at is not null))
);
create index export_file_newest on export_file (requested_at desc, id desc);
create index export_file_open on export_file (requested_at) where state in ('Queued', 'Running');

create table export_part (
    file_id uuid not null references export_file (id) on delete cascade,
    number  integer not null,
    content bytea not null,
    primary key (file_id, number)
);
alter table export_part alter column content set storage external;

-- Removal looks for what belongs to a case; without these the check of each deleted row would read the whole table.
create index notification_instance on notification (instance_id) where instance_id is not null;
create index notification_task on notification (task_id) where task_id is not null;
create index customer_contact_task on customer_contact (task_id) where task_id is not null;
