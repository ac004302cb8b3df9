-- How each place outside that holds tree heads is doing. Configuration says which there are.
create table log_place (
    place        text primary key,
    -- Since when it lacks a head that was signed; null: it has the newest.
    behind_since timestamptz,
    -- Tries since then.
    attempts     integer not null default 0,
    -- When it is tried next.
    due_at       timestamptz,
    error        text,
    -- When compliance was told that it is behind.
    told_at      timestamptz,
    check ((behind_since is null) = (due_at is null)),
    check (behind_since is not null or (error is null and told_at is null and attempts = 0))
);

-- A policy of retention that one person proposes. It takes effect when another one approves it.
create table retention_proposal (
    id          uuid primary key,
    document    json not null,
    -- Version that was in force.
    based_on    integer not null,
    reason      text not null check (reason <> '' and length(reason) <= 1000),
    proposed_by text not null,
    proposed_at timestamptz not null,
    state       text not null check (state in ('Proposed', 'Approved', 'Refused')),
    decided_by  text,
    decided_at  timestamptz,
    -- Why it was refused or withdrawn.
    note        text,
    check ((state = 'Proposed') = (decided_by is null) and (decided_by is null) = (decided_at is null)),
    check (state <> 'Approved' or decided_by <> proposed_by)
);
create unique index retention_proposal_open on retention_proposal (state) where state = 'Proposed';
create index retention_proposal_newest on retention_proposal (proposed_at desc, id desc);

-- A log for process mining that is written again and again, in the name of who made the schedule.
create table export_schedule (
    id         uuid primary key,
    format     text not null,
    journey    text,
    -- Cases that began within so many days before; null: all.
    last_days  integer check (last_days > 0),
    cron       text not null,
    -- Business calendar whose time zone counts.
    calendar   text not null,
    keep_days  integer not null check (keep_days > 0),
    reason     text not null check (reason <> '' and length(reason) <= 1000),
    created_by uuid not null references person (id),
    created_at timestamptz not null,
    next_at    timestamptz,
    stopped    text,
    check ((next_at is null) = (stopped is not null))
);
create index export_schedule_next on export_schedule (next_at) where next_at is not null;

-- A text as an address has it: what follows % are bytes, and + is a blank. A text that is none stays as it is.
create function from_address(value text) returns text immutable strict parallel safe language plpgsql as $$
begin
    return (select convert_from(string_agg(
            case when part[1] ~ '^%.' then decode(substr(part[1], 2), 'hex') else convert_to(replace(part[1], '+', ' '), 'UTF8') end, ''::bytea), 'UTF8')
        from regexp_matches(value, '(%[0-9a-fA-F]{2}|%|[^%]+)', 'g') part);
exception when others then
    return value;
end $$;

-- Whether the words of a search, or a value in the address of an export, name a customer: by a reference or number, by what the record has, or by words
-- that find it.
create function names_customer(what text, customers uuid[], names text[]) returns boolean stable language sql as $$
    with address as (select what ~ '^[/?]' as address),
    told as (
        select lower(case when address then from_address(regexp_replace(part, '^[^=]*=', '')) else what end) as text
        from address, regexp_split_to_table(case when address then regexp_replace(what, '^[^?]*[?]?', '') else '' end, '&') part),
    folded as (select text, fold(text) as fold, trim(fold(translate(text, '-.,', '   '))) as given from told where length(text) > 2)
    select exists (select from folded, unnest(names) n where length(n) > 2 and strpos(text, lower(n)) > 0)
        or exists (
            select from folded, customer k left join customer_identifier i on i.customer_id = k.id,
                unnest(array[k.name] || k.other_names || k.emails || k.phones || i.value) own
            where k.id = any(customers) and length(own) > 2 and strpos(fold, fold(own)) > 0)
        or exists (
            select from folded, customer_search s
            where s.customer_id = any(customers) and given <> ''
                and not exists (select from regexp_split_to_table(given, '\s+') word where strpos(s.words, ' ' || word) = 0))
$$;

-- Takes such words out of the log of access. That someone searched, and when, stays. Runs with the rights of the owner of the tables.
create function erase_searches(customers uuid[], names text[]) returns bigint language plpgsql security definer set search_path = public, pg_temp as $$
declare
    erased bigint;
begin
    perform set_config('orchestration.erasure', 'on', true);
    update access_log a set what = '', reason = null
    where a.kind in ('search', 'export') and a.what <> '' and names_customer(a.what, customers, names);
    get diagnostics erased = row_count;
    perform set_config('orchestration.erasure', 'off', true);
    return erased;
end $$;
