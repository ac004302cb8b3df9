-- A case: an instance of a journey that a customer lives through.
create table journey_case (
    id             uuid primary key references workflow_instance (id) on delete cascade,
    journey        text not null,
    reference      text not null unique,
    customer_id    text not null,
    customer_name  text not null,
    created_by     text not null,
    created_at     timestamptz not null,
    -- The earliest of `risk_at` and `late_at` of its clocks and its tasks' clocks.
    risk_at        timestamptz,
    due_at         timestamptz,
    -- Who tries out the journey with it; null for a customer's case. Test cases count nowhere and can be removed.
    test_by        uuid references person (id)
);
create index journey_case_due on journey_case (due_at) where due_at is not null;
create index journey_case_customer on journey_case (customer_id);
create index journey_case_created on journey_case (created_at desc, id desc);

-- Numbers of generated references: the last one given out per prefix. A number that was given out is never given out again, used or not.
create table reference_counter (
    prefix text primary key,
    last   bigint not null check (last > 0)
);

-- Who watches a case: they see it and watch every task it opens from then on. The ladder of a clock of the case adds them.
create table case_watcher (
    instance_id  uuid not null references workflow_instance (id) on delete cascade,
    person_id    uuid not null references person (id),
    added_at     timestamptz not null,
    primary key (instance_id, person_id)
);
create index case_watcher_person on case_watcher (person_id);

-- What belongs to each state of a task, as one constraint: the server reads the text of every constraint again for every statement that
-- writes a task, and thirteen of them took half of its time.
create function task_fits(
    state text, priority smallint, outcomes text[], owner_id uuid, ended_at timestamptz, outcome text, suspended_from text, suspended_reason text,
    suspended_until timestamptz, proposed_outcome text, reviewer_id uuid
) returns boolean immutable language plpgsql as $$
begin
    return priority between 1 and 5
        and cardinality(outcomes) > 0
        and (ended_at is not null) = (state in ('Completed', 'Skipped', 'Cancelled', 'Failed'))
        and (outcome is not null) = (state in ('Completed', 'Skipped'))
        and (suspended_from is not null) = (state = 'Suspended')
        and (suspended_reason is not null) = (state = 'Suspended')
        and (suspended_until is null or state = 'Suspended')
        and (proposed_outcome is not null) = (state in ('ReadyForReview', 'InReview'))
        and (reviewer_id is null or reviewer_id is distinct from owner_id)
        and case
            when state in ('Created', 'Ready') then owner_id is null
            when state in ('Reserved', 'InProgress', 'ReadyForReview') then owner_id is not null
            when state = 'InReview' then owner_id is not null and reviewer_id is not null
            when state = 'Suspended' then suspended_from in ('Ready', 'Reserved', 'InProgress') and (suspended_from = 'Ready') = (owner_id is null)
            else state in ('Completed', 'Skipped', 'Cancelled', 'Failed')
        end;
end $$;

-- A human step's piece of work.
create table task (
    id                    uuid primary key,
    instance_id           uuid not null references workflow_instance (id) on delete cascade,
    bookmark_id           uuid not null unique,
    definition_id         text not null,
    definition_version_id text not null,
    activity_id           text not null,
    -- The run of the container the step is in: the same step in a parallel branch, or in another turn of a loop, has another.
    -- Null for a step outside of any container.
    container_id          uuid,
    title                 text not null,
    description           text,
    -- Schema of the form: written in the step, or the name of one pinned to the definition version.
    form                  json,
    form_name             text,
    -- Values its form began with: data of the case and computed defaults.
    prefill               json,
    outcomes              text[] not null,
    -- Outcome by which the case goes on when the step is skipped; null when it cannot be skipped.
    skip_outcome          text,
    requires_review       boolean not null default false,
    team                  text,
    candidates            text[] not null default '{}',
    required_skills       text[] not null default '{}',
    -- Whoever has them comes first, until the ladder relaxes them.
    preferred_skills      text[] not null default '{}',
    excluded_steps        text[] not null default '{}',
    -- SLA policies that its step names: one whose start is an event in the life of the task starts then.
    policies              text[] not null default '{}',
    -- 1 (critical) to 5 (planning).
    priority              smallint not null,
    state                 text not null,
    owner_id              uuid references person (id),
    -- Everyone who has worked on it: what four eyes excludes.
    actors                uuid[] not null default '{}',
    delegated_by          uuid references person (id),
    -- Absent person in whose place the owner has it.
    on_behalf_of          uuid references person (id),
    -- Who forwarded it and is no candidate any more.
    gave_up               uuid[] not null default '{}',
    -- Who sees it besides its candidates: mentioned people, for example.
    watchers              uuid[] not null default '{}',
    -- Where a suspended task returns to, why it waits, and when it returns by itself.
    suspended_from        text,
    suspended_reason      text,
    suspended_until       timestamptz,
    -- Who was asked to review it, or does; everyone who has reviewed it counts for four eyes.
    reviewer_id           uuid references person (id),
    reviewers             uuid[] not null default '{}',
    -- Outcome that waits for approval; its data are in `data`.
    proposed_outcome      text,
    revision              integer not null default 1,
    -- The earliest of `risk_at` and `late_at` of its clocks and its case's clocks; as they were when it ended.
    risk_at               timestamptz,
    due_at                timestamptz,
    order_at              timestamptz not null generated always as (coalesce(due_at, 'infinity')) stored,
    outcome               text,
    -- What the completing person sent, and what someone typed but has not sent yet.
    data                  json,
    draft                 json,
    ended_by              text,
    -- Why it ended without being completed.
    end_reason            text,
    changed_by            text not null,
    created_at            timestamptz not null,
    changed_at            timestamptz not null,
    claimed_at            timestamptz,
    started_at            timestamptz,
    ended_at              timestamptz,
    -- Of a test case: the person who tries out the journey, the only one it is offered to.
    test_by               uuid references person (id),
    constraint task_fits check (task_fits(
        state, priority, outcomes, owner_id, ended_at, outcome, suspended_from, suspended_reason, suspended_until, proposed_outcome, reviewer_id))
) with (fillfactor = 80);
create index task_instance on task (instance_id);
create index task_owner on task (owner_id, order_at, id) where ended_at is null and owner_id is not null;
create index task_team on task (team, order_at, id) where ended_at is null;
create index task_open on task (order_at, id) where ended_at is null;
-- Open tasks that name people: few, and not found by a team.
create index task_named on task (order_at, id) where ended_at is null and cardinality(candidates) > 0;
create index task_reviewer on task (reviewer_id) where ended_at is null and reviewer_id is not null;
-- Lists of ended tasks in the order of the others: without it each page would read every task there ever was.
create index task_ended on task (state, order_at, id) where ended_at is not null;
create index task_draft on task (ended_at) where draft is not null;

create table task_comment (
    id          uuid primary key,
    task_id     uuid not null references task (id) on delete cascade,
    author      text not null,
    body        text not null check (body <> '' and length(body) <= 10000),
    created_at  timestamptz not null
);
create index task_comment_task on task_comment (task_id, created_at);

create table task_attachment (
    id            uuid primary key,
    task_id       uuid not null references task (id) on delete cascade,
    name          text not null check (name <> '' and length(name) <= 255),
    content_type  text not null,
    size          bigint not null check (size > 0),
    -- SHA-256 of the content; history has it too.
    hash          bytea not null check (length(hash) = 32),
    content       bytea not null,
    added_by      text not null,
    created_at    timestamptz not null
);
create index task_attachment_task on task_attachment (task_id, created_at);
-- Scans and pictures are compressed already.
alter table task_attachment alter column content set storage external;

-- An SLA clock of a task or a case. `state` is the whole clock; the columns are for queries. A rung changes the state in place.
create table sla_clock (
    id              uuid primary key,
    instance_id     uuid not null references workflow_instance (id) on delete cascade,
    task_id         uuid references task (id) on delete cascade,
    policy          text not null,
    name            text not null,
    kind            text not null check (kind in ('internal', 'promise', 'statutory')),
    status          text not null check (status in ('Running', 'Paused', 'Completed', 'Cancelled')),
    due_at          timestamptz,
    breached        boolean not null default false,
    -- From when its subject is at risk, and from when it is late. Null while that can't be: the clock has ended, is paused in time, or measures no deadline.
    risk_at         timestamptz,
    late_at         timestamptz,
    generation      integer not null,
    state           json not null,
    created_at      timestamptz not null,
    changed_at      timestamptz not null
) with (fillfactor = 80);
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

-- Calendars, SLA policies, forms and distribution policies: every version there was, the latest is in force.
-- A file that changed becomes a new version, unless someone edited the setting here.
create table setting_document (
    kind         text not null check (kind in ('calendar', 'sla', 'form', 'distribution')),
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

-- What a person wants by e-mail and when not to be disturbed.
create table notification_preference (
    -- Null: what holds for everyone who has not chosen.
    person_id   uuid unique nulls not distinct references person (id),
    email_kinds text[] not null default '{}',
    -- Local times of the zone; from is inclusive, to exclusive, and a night may span midnight.
    quiet_from  time,
    quiet_to    time,
    time_zone   text not null,
    revision    integer not null default 1,
    changed_at  timestamptz not null,
    check ((quiet_from is null) = (quiet_to is null)),
    check (quiet_from is distinct from quiet_to or quiet_from is null)
);

-- Filters and orders of lists that people keep under a name.
create table saved_filter (
    id         uuid primary key,
    person_id  uuid not null references person (id),
    list       text not null check (list in ('work', 'team', 'cases')),
    name       text not null check (name <> '' and length(name) <= 60),
    -- The query of the list's address.
    query      text not null check (length(query) <= 1000),
    unique (person_id, list, name)
);

-- Who outside is told of events, signed as Standard Webhooks says.
create table webhook_endpoint (
    id              uuid primary key,
    url             text not null unique,
    description     text not null default '',
    event_types     text[] not null check (cardinality(event_types) > 0),
    -- Encrypted with the keys of data_protection_key.
    secret          text not null,
    -- Signs too until then, so that a receiver can change over.
    previous_secret text,
    previous_until  timestamptz,
    -- Why it is off: a person switched it off, or the receiver answered 410 Gone.
    off_reason      text,
    active          boolean not null default true,
    revision        integer not null default 1,
    created_by      text not null,
    created_at      timestamptz not null,
    changed_at      timestamptz not null,
    check ((previous_secret is null) = (previous_until is null)),
    check (active = (off_reason is null))
);

-- A recurring job that starts nothing until someone resumes it, on all hosts.
create table job_pause (
    job    text primary key,
    at     timestamptz not null,
    actor  text not null,
    reason text
);

-- Long work that a person asked for. A job of Hangfire does it, item by item; this row says how far it is.
create table background_work (
    id           uuid primary key,
    kind         text not null,
    requested_by uuid not null references person (id),
    requested_at timestamptz not null,
    -- The caller's id for it: asking twice is asking once.
    operation_id text,
    -- What to do, as JSON.
    orders       json not null,
    state        text not null check (state in ('Queued', 'Running', 'Done', 'Failed')),
    -- Whether Hangfire has been given its job. A host that died in between leaves that to the next sweep.
    enqueued     boolean not null default false,
    total        integer not null check (total >= 0),
    done         integer not null default 0 check (done >= 0),
    refused      integer not null default 0 check (refused >= 0),
    -- Where it goes on: items before that are counted.
    position     text,
    result       json,
    error        text,
    ended_at     timestamptz,
    check ((state in ('Done', 'Failed')) = (ended_at is not null)),
    unique (requested_by, operation_id)
);
create index background_work_of_person on background_work (requested_by, requested_at desc);
create index background_work_lost on background_work (requested_at) where not enqueued;
