-- A case: an instance of a journey that a customer lives through.
create table journey_case (
    id             uuid primary key references workflow_instance (id) on delete cascade,
    journey        text not null,
    reference      text not null unique,
    customer_id    text not null,
    customer_name  text not null,
    created_by     text not null,
    created_at     timestamptz not null
);
create index journey_case_customer on journey_case (customer_id);
create index journey_case_created on journey_case (created_at desc, id desc);

-- A human step's piece of work (domain.md "Task").
create table task (
    id                    uuid primary key,
    instance_id           uuid not null references workflow_instance (id) on delete cascade,
    bookmark_id           uuid not null unique,
    definition_id         text not null,
    definition_version_id text not null,
    activity_id           text not null,
    title                 text not null,
    description           text,
    -- Schema of the form: written in the step, or the name of one pinned to the definition version.
    form                  json,
    form_name             text,
    outcomes              text[] not null check (cardinality(outcomes) > 0),
    team                  text,
    candidates            text[] not null default '{}',
    required_skills       text[] not null default '{}',
    excluded_steps        text[] not null default '{}',
    -- 1 (critical) to 5 (planning).
    priority              smallint not null check (priority between 1 and 5),
    state                 text not null check (state in ('Created', 'Ready', 'Reserved', 'InProgress', 'Suspended', 'ReadyForReview', 'InReview', 'Completed', 'Skipped', 'Cancelled', 'Failed')),
    owner_id              uuid references person (id),
    -- Everybody who has worked on it: what four eyes excludes.
    actors                uuid[] not null default '{}',
    revision              integer not null default 1,
    due_at                timestamptz,
    order_at              timestamptz not null generated always as (coalesce(due_at, 'infinity')) stored,
    breached              boolean not null default false,
    outcome               text,
    -- Data the completing person sent, and what somebody typed but has not sent yet.
    data                  json,
    draft                 json,
    ended_by              text,
    changed_by            text not null,
    created_at            timestamptz not null,
    changed_at            timestamptz not null,
    claimed_at            timestamptz,
    started_at            timestamptz,
    ended_at              timestamptz,
    check ((state in ('Completed', 'Skipped', 'Cancelled', 'Failed')) = (ended_at is not null)),
    check ((state = 'Completed') = (outcome is not null)),
    check (state not in ('Reserved', 'InProgress') or owner_id is not null),
    check (state not in ('Created', 'Ready') or owner_id is null)
) with (fillfactor = 80);
create index task_instance on task (instance_id);
create index task_owner on task (owner_id, order_at, id) where ended_at is null;
create index task_team on task (team, order_at, id) where ended_at is null;
create index task_open on task (order_at, id) where ended_at is null;
create index task_candidates on task using gin (candidates) where ended_at is null and owner_id is null;

-- An SLA clock of a task or a case (domain.md "SLA clock"). `state` is the whole clock; the columns are for queries.
create table sla_clock (
    id              uuid primary key,
    instance_id     uuid not null references workflow_instance (id) on delete cascade,
    task_id         uuid references task (id) on delete cascade,
    policy          text not null,
    kind            text not null check (kind in ('internal', 'promise', 'statutory')),
    status          text not null check (status in ('Running', 'Paused', 'Completed', 'Cancelled')),
    due_at          timestamptz,
    breached        boolean not null default false,
    generation      integer not null,
    state           json not null,
    created_at      timestamptz not null,
    changed_at      timestamptz not null
);
create index sla_clock_task on sla_clock (task_id) where task_id is not null;
create index sla_clock_instance on sla_clock (instance_id);

-- Every interval a clock ran, was paused or was outside hours, with its cause.
create table sla_ledger (
    clock_id    uuid not null references sla_clock (id) on delete cascade,
    generation  integer not null,
    from_at     timestamptz not null,
    to_at       timestamptz not null,
    kind        text not null check (kind in ('Ran', 'Paused', 'OutsideHours')),
    cause       text not null,
    -- Time used of the clock, in microseconds.
    counted     bigint not null,
    primary key (clock_id, generation, from_at)
);

-- What the product tells a person.
create table notification (
    id           uuid primary key,
    person_id    uuid not null references person (id),
    kind         text not null,
    title        text not null,
    body         text not null default '',
    instance_id  uuid references workflow_instance (id) on delete cascade,
    task_id      uuid references task (id) on delete cascade,
    created_at   timestamptz not null,
    read_at      timestamptz
);
create index notification_person on notification (person_id, created_at desc);
create index notification_unread on notification (person_id) where read_at is null;

-- Calendars, SLA policies and forms: every version there was, the latest is in force. A file that changed becomes a new version, unless somebody edited it here.
create table setting_document (
    kind         text not null check (kind in ('calendar', 'sla', 'form')),
    name         text not null,
    version      integer not null,
    is_latest    boolean not null,
    document     json not null,
    origin       text not null check (origin in ('file', 'person')),
    origin_hash  text,
    changed_by   text not null,
    changed_at   timestamptz not null,
    primary key (kind, name, version)
);
create unique index setting_document_latest on setting_document (kind, name) where is_latest;
