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
create index journey_case_risk on journey_case (risk_at, due_at) where risk_at is not null;
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

-- Who sees a case, or another run with human steps: written by every statement that changes it, so that lists need not look at each case.
-- A viewer is a user name, or `team:` and the key of a team.
create table case_viewer (
    viewer       text collate "C" not null,
    -- As of the run: lists are in this order.
    created_at   timestamptz not null,
    instance_id  uuid not null references workflow_instance (id) on delete cascade,
    -- Whoever stands in for this person sees it too: the person owns a task or is a candidate.
    stands_in    boolean not null,
    primary key (instance_id, viewer) include (stands_in)
);
create index case_viewer_list on case_viewer (viewer, created_at, instance_id) include (stands_in);

-- What the search of cases looks in. Not in journey_case, whose rows change with their deadlines: each change would index the words again.
create extension if not exists pg_trgm;
create table case_search (
    case_id  uuid primary key references journey_case (id) on delete cascade,
    words    text not null
);
alter table case_search alter column words set statistics 1000;
create index case_search_words on case_search using gin (words gin_trgm_ops);

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
    bookmark_id           uuid not null,
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
    -- Field of the form whose amount is within the authority of whoever completes the task, and the currency of the amount.
    decides_on            text,
    decides_in            text,
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
    -- How it ended, for the lists of ended tasks: an index on `state` would be written with every verb.
    ended_as              text generated always as (case when ended_at is not null then state end) stored,
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
-- The added columns let counts be read without the tasks.
create index task_owner on task (owner_id, order_at, id) include (team, test_by) where ended_at is null and owner_id is not null;
create index task_team on task (team, order_at, id) include (risk_at, test_by) where ended_at is null;
create index task_open on task (order_at, id) where ended_at is null;
-- Other orders of lists.
create index task_created on task (created_at, id) where ended_at is null;
create index task_priority on task (priority, order_at, id) where ended_at is null;
-- Open tasks that name people: few, and not found by a team.
create index task_named on task using gin (candidates) where ended_at is null and cardinality(candidates) > 0;
create index task_named_team on task (team) where ended_at is null and cardinality(candidates) > 0;
create index task_reviewer on task (reviewer_id) where ended_at is null and reviewer_id is not null;
-- No index has a column that changes while someone works on a task (state, revision, draft): the server then writes no index for it. Only another owner,
-- another priority, a suspension and the end do, because lists look for them.
-- Lists of ended tasks in the order of the others: without it each page would read every task there ever was.
create index task_ended on task (ended_as, order_at, id) where ended_at is not null;
-- For lists that may find nothing: what is at risk, suspended, of a test case, or has a word in its title.
create index task_risk on task (risk_at, order_at) where ended_at is null and risk_at is not null;
create index task_suspended on task (order_at, id) where suspended_from is not null;
create index task_test on task (test_by) where test_by is not null;
create index task_title on task using gin ((' ' || lower(title)) gin_trgm_ops) where ended_at is null;

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
    kind         text not null check (kind in ('calendar', 'sla', 'form', 'distribution', 'retention')),
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
    -- Page to open from it, when it is about no task and no case.
    path         text,
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
    list       text not null check (list in ('work', 'team', 'cases', 'performance')),
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

-- One effect for every endpoint that subscribes to an event. Every verb asks for it, and most installations have no endpoint: then the statement that calls
-- it ends before.
create function queue_webhooks(
    kind text, chains uuid[], actions text[], entities text[], ids text[], revisions bigint[], now timestamptz, at text, actor text
) returns void language sql as $$
    insert into effect (id, kind, instance_id, payload, state, due_at, created_at)
    select gen_random_uuid(), queue_webhooks.kind, e.chain, json_build_object('endpoint', w.id, 'to', w.url, 'type', e.action, 'at', at,
        'data', json_build_object('caseId', replace(e.chain::text, '-', ''), 'entity', e.entity, 'entityId', e.entity_id, 'revision', e.revision,
            'actor', actor)), 'pending', now, now
    from webhook_endpoint w join unnest(chains, actions, entities, ids, revisions) e(chain, action, entity, entity_id, revision)
        on e.action = any(w.event_types)
    where w.active and not exists (select from journey_case j where j.id = e.chain and j.test_by is not null)
$$;

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
