-- What compliance searches history by. Rows of the engine are many and found by their case: the indexes leave them out.
create index event_actor on event (actor, at, chain_id, sequence) where entity <> 'activity';
create index event_action on event (action, at, chain_id, sequence) where entity <> 'activity';

-- Who opened which personal data. Repeated openings within some minutes are one row with a count, so a row is complete a while after it was made.
create table access_log (
    id         uuid primary key,
    -- When it was first opened, and last.
    at         timestamptz not null,
    until_at   timestamptz not null,
    opens      integer not null check (opens > 0),
    person_id  uuid not null references person (id),
    kind       text not null check (kind in ('customer', 'case', 'task', 'document', 'search', 'export')),
    -- The customer, case, task or file; null for a search or an export of many.
    subject_id uuid,
    -- The words of a search, or the address of an export.
    what       text not null default '' check (length(what) <= 1000),
    origin     text not null,
    session_id uuid,
    source     text not null check (source in ('page', 'api', 'job')),
    -- Why, if they were asked.
    reason     text check (length(reason) <= 500),
    check (until_at >= at)
);
create index access_log_person on access_log (person_id, at desc, id desc);
create index access_log_subject on access_log (subject_id, at desc, id desc) where subject_id is not null;
create index access_log_at on access_log (at desc, id desc);
create trigger access_append_only before delete on access_log for each row execute function refuse_change();

-- Openings can only be counted up. Everything else of a row stays as it was written, except for words that name an erased customer.
create function refuse_unless_counting() returns trigger language plpgsql as $$
begin
    if current_setting('orchestration.erasure', true) = 'on' and new.what = ''
        and to_jsonb(new) - array['what', 'reason'] is not distinct from to_jsonb(old) - array['what', 'reason'] then
        return new;
    end if;
    if new.opens < old.opens or new.until_at < old.until_at
        or to_jsonb(new) - array['opens', 'until_at'] is distinct from to_jsonb(old) - array['opens', 'until_at'] then
        raise exception 'the access log is append-only' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $$;
create trigger access_counting before update on access_log for each row execute function refuse_unless_counting();

-- The application's role can read both and add to them, and nothing else.
create or replace function history_tables() returns setof regclass language sql stable as $$ values ('event'::regclass), ('access_log'::regclass) $$;
select protect_history();

-- Writes openings in order. One that repeats another of the last ten minutes is counted there. Runs with the rights of the owner of the tables.
create function record_access(
    ids uuid[], ats timestamptz[], untils timestamptz[], counts integer[], people uuid[], kinds text[], subjects uuid[], whats text[],
    origins text[], sessions uuid[], sources text[], reasons text[]
) returns void language plpgsql security definer set search_path = public, pg_temp as $$
begin
    for i in 1 .. cardinality(ids) loop
        if reasons[i] is null then
            update access_log a set opens = a.opens + counts[i], until_at = greatest(a.until_at, untils[i])
            where a.id = (select l.id from access_log l where l.person_id = people[i] and l.at > ats[i] - interval '1 hour' and l.at <= ats[i]
                and l.until_at >= ats[i] - interval '10 minutes' and l.kind = kinds[i] and l.subject_id is not distinct from subjects[i]
                and l.what = whats[i] and l.origin = origins[i] and l.session_id is not distinct from sessions[i] and l.source = sources[i]
                order by l.at desc limit 1);
            continue when found;
        end if;
        insert into access_log (id, at, until_at, opens, person_id, kind, subject_id, what, origin, session_id, source, reason)
        values (ids[i], ats[i], untils[i], counts[i], people[i], kinds[i], subjects[i], whats[i], origins[i], sessions[i], sources[i], reasons[i]);
    end loop;
end $$;

-- Openings that a rule found unusual.
create table access_flag (
    id         uuid primary key,
    rule       text not null check (rule in ('no-relation', 'many-customers', 'off-shift')),
    person_id  uuid not null references person (id),
    access_id  uuid not null references access_log (id),
    at         timestamptz not null,
    -- Why, as a sentence.
    reason     text not null,
    found_at   timestamptz not null,
    -- A person is named once an hour for a rule, except for each case or customer without a relation.
    once       text not null unique
);
create index access_flag_at on access_flag (at desc, id desc);
create index access_flag_access on access_flag (access_id);

-- Until when openings were looked at.
create table access_review (
    one     boolean primary key default true check (one),
    seen_at timestamptz not null
);
insert into access_review (seen_at) values ('-infinity');
