-- Definitions: one row per version. The document is kept as text (json, not jsonb), so that what Studio saved is exported unchanged.
create table workflow_definition (
    id              text primary key,
    definition_id   text not null,
    version         integer not null check (version > 0),
    name            text,
    description     text,
    is_latest       boolean not null,
    is_published    boolean not null,
    is_system       boolean not null default false,
    document        json not null,
    -- What the document refers to by name (forms), as it was when this version was published.
    resources       json not null default '{}',
    -- Where the version comes from: a shipped file (with the file's hash) or a person.
    origin          text not null check (origin in ('file', 'designer', 'import')),
    origin_hash     text,
    created_by      text not null,
    created_at      timestamptz not null,
    published_at    timestamptz,
    check (not is_published or published_at is not null),
    unique (definition_id, version)
);
create unique index workflow_definition_latest on workflow_definition (definition_id) where is_latest;
create unique index workflow_definition_published on workflow_definition (definition_id) where is_published;

-- Starting an instance calls this for a version that is not the published one: a host whose cache is behind never starts it.
create function refuse_version(version_id text) returns text language plpgsql as $$
begin
    raise exception 'version % is not the published one', version_id using errcode = 'OR001';
end $$;

-- What starts instances of published versions. Replaced as a whole in the transaction that publishes or retracts.
create table workflow_trigger (
    id                    uuid primary key,
    definition_id         text not null,
    definition_version_id text not null references workflow_definition (id) on delete cascade,
    activity_id           text not null,
    name                  text not null,
    hash                  text not null,
    payload               json not null,
    -- When a Timer, Cron or StartAt trigger starts the next instance; null for other triggers and after the last start.
    -- The transaction of the start moves it on.
    due_at                timestamptz,
    attempts              integer not null default 0,
    last_error            text
);
create index workflow_trigger_hash on workflow_trigger (hash);
create index workflow_trigger_version on workflow_trigger (definition_version_id);
create index workflow_trigger_definition on workflow_trigger (definition_id);
create index workflow_trigger_due on workflow_trigger (due_at) where due_at is not null;

-- Starting an instance by a tick calls this: the tick belongs to the transaction that moves it on, and to no other.
create function take_tick(trigger_id uuid, due timestamptz, next timestamptz) returns void language plpgsql as $$
begin
    update workflow_trigger set due_at = next, attempts = 0, last_error = null where id = trigger_id and due_at = due;
    if not found then
        raise exception 'the tick of trigger % at % was taken by somebody else', trigger_id, due using errcode = 'OR002';
    end if;
end $$;

create table workflow_instance (
    id                    uuid primary key,
    definition_id         text not null,
    definition_version_id text not null,
    definition_version    integer not null,
    parent_id             uuid,
    correlation_id        text,
    name                  text,
    status                text not null check (status in ('Running', 'Finished')),
    sub_status            text not null
        check (sub_status in ('Pending', 'Executing', 'Suspended', 'Finished', 'Cancelled', 'Faulted', 'Interrupted')),
    incident_count        integer not null default 0,
    state                 json not null,
    -- Head of the instance's history: number of events and the leaf of the last one.
    event_sequence        integer not null,
    event_head            bytea not null,
    created_at            timestamptz not null,
    updated_at            timestamptz not null,
    finished_at           timestamptz,
    check ((status = 'Finished') = (finished_at is not null))
) with (fillfactor = 80);
create index workflow_instance_created on workflow_instance (created_at desc, id);
create index workflow_instance_definition on workflow_instance (definition_id, created_at desc);
create index workflow_instance_status on workflow_instance (status, created_at, id);
create index workflow_instance_running on workflow_instance (definition_id, correlation_id) where status = 'Running';
create index workflow_instance_correlation on workflow_instance (correlation_id) where correlation_id is not null;
create index workflow_instance_parent on workflow_instance (parent_id) where parent_id is not null;

-- Elsa's activation strategies are judged when an instance is written, by what runs then: a correlation id may have changed since its
-- instance started, and Correlation looks at instances of definitions with any other strategy. Starts that could exclude each other wait
-- for each other.
create function require_activation(strategy text, definition text, correlation text) returns void language plpgsql as $$
declare
    taken boolean;
begin
    perform pg_advisory_xact_lock(hashtext('activation'), hashtext(case strategy
        when 'Singleton' then 'definition:' || definition
        when 'CorrelatedSingleton' then 'definition:' || definition || ':' || coalesce(correlation, '')
        else 'correlation:' || correlation end));
    -- Each statement has its own snapshot, so this sees what committed while the lock was awaited.
    taken := case strategy
        when 'Singleton' then exists (select from workflow_instance where definition_id = definition and status = 'Running')
        when 'CorrelatedSingleton' then exists (
            select from workflow_instance
            where definition_id = definition and correlation_id is not distinct from correlation and status = 'Running')
        else exists (select from workflow_instance where correlation_id = correlation and status = 'Running') end;
    if taken then
        raise exception 'the activation strategy of % allows no further instance now', definition using errcode = 'OR003';
    end if;
end $$;

create table bookmark (
    id           uuid primary key,
    instance_id  uuid not null references workflow_instance (id) on delete cascade,
    name         text not null,
    hash         text not null,
    activity_id  text not null,
    -- The path an HttpEndpoint waits at, with its parameters.
    route        text,
    created_at   timestamptz not null
);
create index bookmark_hash on bookmark (hash);
create index bookmark_instance on bookmark (instance_id);

-- An event for one instance or one reference that nobody waits for yet. The burst that opens the wait takes it, once, in its own transaction.
create table kept_event (
    id              uuid primary key,
    hash            text not null,
    correlation_id  text,
    instance_id     uuid,
    payload         json not null,
    -- Who published it, if someone outside did.
    actor           text,
    created_at      timestamptz not null,
    expires_at      timestamptz not null,
    check (correlation_id is not null or instance_id is not null)
);
-- A burst asks what is kept for its own instance or its own reference, and never reads what is kept for others under the same name.
create index kept_event_correlation on kept_event (correlation_id, hash) where instance_id is null;
create index kept_event_instance on kept_event (instance_id, hash) where instance_id is not null;
create index kept_event_expires on kept_event (expires_at);

-- Publishing looks for waits and then keeps, opening a wait looks for what is kept: whoever of the two comes second must see the first.
create function lock_events(hashes text[]) returns void language sql as $$
    select pg_advisory_xact_lock(hashtext('event'), key) from (select distinct hashtext(h) as key from unnest(hashes) h order by 1) keys
$$;

-- Everything that is due at an instant. `subject_id` is a bookmark (timer) or a clock (rung); whoever acts deletes the row in the same
-- transaction. A failed attempt changes the row in place, hence the fillfactor.
create table deadline (
    id           uuid primary key,
    kind         text not null,
    due_at       timestamptz not null,
    instance_id  uuid not null references workflow_instance (id) on delete cascade,
    subject_id   uuid not null,
    rung         integer not null default 0,
    generation   integer not null default 0,
    attempts     integer not null default 0,
    last_error   text
) with (fillfactor = 80);
create index deadline_due on deadline (kind, due_at);
create index deadline_subject on deadline (subject_id);

-- To be told to other instances, or to start some. Delivered right after commit by the host that wrote it, or by the sweeper.
create table stimulus (
    id           uuid primary key,
    -- `tell` is an event addressed to an instance that does not wait for it: its observer hears of it all the same, because clocks follow it.
    -- `fail`: what the instance waits for will not come.
    kind         text not null check (kind in ('publish', 'resume', 'start', 'child', 'cancel', 'tell', 'alter', 'fail')),
    instance_id  uuid,
    payload      json not null,
    due_at       timestamptz not null,
    attempts     integer not null default 0,
    last_error   text,
    created_at   timestamptz not null,
    -- Order among those that are due at the same time.
    number       bigint generated always as identity,
    -- Whose turn it is: starts take turns by the definition they start, and for one definition by the instance that asked for them. The others
    -- take turns by kind, and by instance.
    queue        text not null generated always as (case kind when 'start' then coalesce(payload ->> 'definitionId', '') else kind end) stored,
    sender       uuid not null generated always as (coalesce(
        case kind when 'start' then (payload ->> 'parentId')::uuid when 'publish' then (payload ->> 'senderId')::uuid else instance_id end,
        '00000000-0000-0000-0000-000000000000')) stored
);
create index stimulus_due on stimulus (due_at);
create index stimulus_turn on stimulus (queue, sender, due_at, number);
create index stimulus_instance on stimulus (instance_id) where instance_id is not null;

-- To be done to the outside world. `due_at` moves on when a host takes the effect (its lease) and after a failure (backoff).
-- Mail about a person's own things and webhooks of events outside a case belong to no instance and no activity.
create table effect (
    id           uuid primary key,
    kind         text not null,
    instance_id  uuid references workflow_instance (id) on delete cascade,
    bookmark_id  uuid,
    activity_id  text,
    payload      json not null,
    state        text not null check (state in ('pending', 'dead')),
    due_at       timestamptz not null,
    attempts     integer not null default 0,
    last_error   text,
    created_at   timestamptz not null
);
create index effect_due on effect (due_at) where state = 'pending';
create index effect_dead on effect (created_at desc, id) where state = 'dead';

-- HTTP requests that a workflow has not answered in the burst they caused. The id is derived from the secret that the caller polls with.
-- Closed by the answer, or without one when nothing that the request set off waits any more.
create table http_reply (
    id           uuid primary key,
    instance_id  uuid not null references workflow_instance (id) on delete cascade,
    actor        text not null,
    answer       json,
    is_faulted   boolean not null default false,
    created_at   timestamptz not null,
    closed_at    timestamptz,
    check (closed_at is not null or (answer is null and not is_faulted))
);
create index http_reply_instance on http_reply (instance_id);
create index http_reply_closed on http_reply (closed_at) where closed_at is not null;

-- Answers given to operation ids, so that a retry gets the same answer.
create table operation (
    actor        text not null,
    id           text not null,
    request_hash bytea not null,
    answer       json not null,
    created_at   timestamptz not null,
    primary key (actor, id)
);
create index operation_created on operation (created_at);

-- A plan alters many instances, with one job and one stimulus for each. The transaction that alters the instance writes the job's outcome.
create table alteration_plan (
    id           text primary key,
    alterations  json not null,
    filter       json not null,
    actor        text not null,
    reason       text,
    created_at   timestamptz not null
);

create table alteration_job (
    id           uuid primary key,
    plan_id      text not null references alteration_plan (id) on delete cascade,
    instance_id  uuid not null,
    state        text not null check (state in ('Pending', 'Completed', 'Failed')),
    log          json,
    created_at   timestamptz not null,
    ended_at     timestamptz,
    check ((state = 'Pending') = (ended_at is null) and (state = 'Pending') = (log is null))
);
create index alteration_job_plan on alteration_job (plan_id, id);

-- History: Studio's journal, the compliance timeline and analytics. Append-only; a chain per instance (and per non-instance subject).
create table event (
    chain_id               uuid not null,
    sequence               integer not null,
    at                     timestamptz not null,
    actor                  text not null,
    action                 text not null,
    entity                 text not null,
    entity_id              text not null,
    revision               bigint not null,
    activity_id            text,
    node_id                text,
    activity_type          text,
    -- Hash of salt and payload; null when the event has no payload. The leaf covers this row, the commitment and the previous leaf.
    commitment             bytea,
    leaf                   bytea not null,
    -- The only place for personal data. Erasing sets both to null, and the chain stays whole: it covers only the commitment.
    salt                   bytea,
    payload                json,
    -- The transaction that wrote it. Readers that follow history ask for what was written by transactions below the oldest that still runs, so that
    -- none misses an event that commits late. Rows lie in this order: a BRIN index costs next to nothing.
    xact                   bigint not null default pg_current_xact_id()::text::bigint,
    primary key (chain_id, sequence, at)
) partition by range (at);
create index event_at on event using brin (at);
create index event_xact on event using brin (xact) with (pages_per_range = 16, autosummarize = on);

-- Heads of the chains that belong to no instance (definitions, people, settings).
create table event_chain (
    id             uuid primary key,
    name           text not null unique,
    event_sequence integer not null,
    event_head     bytea not null
);

create table event_default partition of event default;

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'history is append-only: % on % is refused', tg_op, tg_table_name using errcode = 'integrity_constraint_violation';
end $$;

create trigger event_append_only before delete on event for each row execute function refuse_change();

-- Payloads go only by erasure, which says so for its own transaction. Nothing else of an event ever changes.
create function refuse_unless_erasing() returns trigger language plpgsql as $$
begin
    if current_setting('orchestration.erasure', true) is distinct from 'on' then
        raise exception 'history is append-only: payloads go only by erasure' using errcode = 'integrity_constraint_violation';
    end if;
    if new.salt is not null or new.payload is not null
        or to_jsonb(new) - array['salt', 'payload'] is distinct from to_jsonb(old) - array['salt', 'payload'] then
        raise exception 'erasure takes the payload of an event and changes nothing else' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;
create trigger event_erasure before update on event for each row execute function refuse_unless_erasing();

-- The tables of history. The application's role can read them and add to them, and nothing else.
create function history_tables() returns setof regclass language sql stable as $$ values ('event'::regclass) $$;

-- Partitions inherit triggers for rows, but none for statements: each needs its own against truncate.
create function protect_history() returns void language plpgsql as $$
declare
    part regclass;
begin
    for part in
        select tree.relid from history_tables() history, lateral (select history union select p.relid from pg_partition_tree(history) p) tree (relid)
        where not exists (select from pg_trigger t where t.tgrelid = tree.relid and t.tgname = 'no_truncate')
    loop
        execute format('create trigger no_truncate before truncate on %s for each statement execute function refuse_change()', part);
    end loop;
end $$;
select protect_history();

-- Makes the partition of a month. Rows of a month without one go to the default partition, so a late call loses nothing. Runs with the rights of
-- the owner of the tables: the application's role can't create any.
create function create_event_partition(month date) returns boolean language plpgsql security definer set search_path = public, pg_temp as $$
declare
    first date := date_trunc('month', month)::date;
    next  date := (first + interval '1 month')::date;
    part  text := to_char(first, '"y"YYYY"m"MM');
begin
    if to_regclass('event_' || part) is not null then
        return false;
    end if;
    if exists (select from event_default where at >= first::timestamp at time zone 'UTC' and at < next::timestamp at time zone 'UTC') then
        return false;
    end if;
    execute format('create table %I partition of event for values from (%L) to (%L)', 'event_' || part, first || ' 00:00+00', next || ' 00:00+00');
    perform protect_history();
    return true;
end $$;
