-- Multiplies the cases of a database: each case that is there becomes one of many, with new ids, references, customers and times. `bench.closed` finished
-- cases of the last three years, and `bench.open` running ones of the last sixty days. The same numbers give the same rows, and a second run adds nothing.
set session_replication_role = replica;
set synchronous_commit = off;

create schema if not exists bench;

-- A number from 0 to 1 that looks like chance and is always the same for the same case and purpose.
create or replace function bench.chance(case_number bigint, purpose text) returns float8 immutable parallel safe language sql as
    $$ select (hashtextextended(purpose, case_number) & 9007199254740991)::float8 / 9007199254740992 $$;

-- Ordered by time, as the product's are: `start` is the time in hexadecimal digits.
create or replace function bench.id(old uuid, case_number bigint, start text) returns uuid immutable parallel safe language sql as
    $$ select (start || substr(md5(old::text || case_number), 13))::uuid $$;

create or replace function bench.start(at timestamptz) returns text immutable parallel safe language sql as
    $$ select lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') $$;

create or replace function bench.customer_name(number bigint) returns text immutable parallel safe language sql as $$
    select (array['Ines','Marta','Owen','Yusuf','Hannah','Pedro','Lin','Amara','Kerstin','Rafael','Niamh','Oliver','Freya','Tomasz','Leila','Marco','Sanna',
        'Viktor',
        'Chloe','Dmitri','Elena','Farid','Greta','Hugo','Ida','Jakub','Keiko','Lars','Mina','Noor','Oskar','Paula','Quinn','Rosa','Stefan','Tara','Uma',
            'Walter',
        'Xenia','Zoltan'])[1 + (bench.chance(number, 'first') ^ 1.5 * 40)::int % 40] || ' ' ||
        (array['Alv','Berg','Castel','Dahl','Ebner','Fisch','Graf','Holm','Ivan','Jans','Kowal','Lund','Moreau','Novak','Ortega','Petr','Quint','Rossi',
            'Sand','Thom',
        'Ulrich','Varga','Weber','Xu','Young','Zimmer'])[1 + (bench.chance(number, 'last') ^ 1.5 * 26)::int % 26] ||
        (array['','sen','man','ski','ova','ez','berg','lan','ard','son','etti','ini','er','off','wood','field'])[1 + (bench.chance(number,
            'end') * 16)::int % 16]
$$;

-- The cases to multiply: those that were there before this ran first.
create table if not exists bench.template as
    select c.id, i.status, c.created_at, i.finished_at, row_number() over (partition by i.status order by c.created_at, c.id) - 1 as place,
        count(*) over (partition by i.status) as of
    from public.journey_case c join public.workflow_instance i on i.id = c.id;

-- One row for each case to make, with the case it is made from and how much later it happens.
create table if not exists bench.copy (
    number bigint primary key, template uuid not null, at timestamptz not null, start text not null, later interval not null, due_later interval not null,
        made boolean not null
);
insert into bench.copy
    select number, t.id, n.at, bench.start(n.at), n.at - t.created_at,
        -- Deadlines of running cases: some missed, some near, most of them later.
        case when t.status = 'Running' then n.began - t.created_at - interval '2 days' + interval '30 days' * bench.chance(number, 'due') else n.at
            - t.created_at
        end, false
    from (
        select number, began, case when number <= closed then began - interval '3 years' + (interval '1034 days' * (number::float8 / closed))
            else began - interval '60 days' + interval '59 days' * ((number - closed)::float8 / open) end at,
            case when number <= closed then 'Finished' else 'Running' end status
        from (select current_setting('bench.closed')::bigint closed, current_setting('bench.open')::bigint open,
            date_trunc('minute', current_setting('bench.now')::timestamptz) began) s, generate_series(1, closed + open) number) n
    join bench.template t on t.status = n.status and t.place = (bench.chance(number, 'template') * t.of)::int % t.of
    order by number
    on conflict do nothing;

select create_event_partition(month::date) from generate_series(date_trunc('month', (select min(at) from bench.copy)), now(), interval '1 month') month;

-- The same of every table: rows of the templates with other ids and times.
create or replace procedure bench.multiply(target text, key text, which text) language plpgsql as $$
declare
    columns text;
    chosen text;
    began timestamptz := clock_timestamp();
    made bigint;
begin
    select string_agg(quote_ident(attname), ', ' order by attnum), string_agg(case
            when attname in ('id', 'instance_id', 'task_id', 'bookmark_id', 'parent_id', 'clock_id', 'chain_id', 'subject_id', 'case_id')
                and atttypid = 'uuid'::regtype then format('bench.id(r.%I, c.number, c.start)', attname)
            when attname in ('due_at', 'risk_at', 'late_at') then format('r.%I + c.due_later', attname)
            when atttypid = 'timestamptz'::regtype then format('r.%I + c.later', attname)
            when attname in ('reference', 'correlation_id') then format('regexp_replace(r.%I, ''-?[0-9]*$'', ''-'' || lpad(c.number::text, 8, ''0''))',
                attname)
            when target = 'journey_case' and attname = 'customer_id' then '''C-'' || 100000 + (bench.chance(c.number, ''customer'') * 300000)::int'
            when target = 'journey_case' and attname = 'customer_name' then 'bench.customer_name((bench.chance(c.number, ''customer'') * 300000)::int)'
            else format('r.%I', attname) end, ', ' order by attnum)
        into columns, chosen
        from pg_attribute where attrelid = target::regclass and attnum > 0 and not attisdropped and attgenerated = '';
    execute format('create table bench.rows as select r.* from public.%I r where r.%I in (select id from bench.template)', target, key);
    execute format('insert into public.%I (%s) select %s
        from bench.copy c join bench.rows r on r.%I = c.template where not c.made and (%s) order by c.number',
        target, columns, chosen, key, which);
    get diagnostics made = row_count;
    drop table bench.rows;
    raise notice '% rows of % in % s', made, target, round(extract(epoch from clock_timestamp() - began));
end $$;

-- Without indexes while rows are added: a third of the time.
create or replace procedure bench.reindex(tables text[], inner_work text[][]) language plpgsql as $$
declare
    definitions text[];
    one text;
    names text[];
begin
    select array_agg(pg_get_indexdef(indexrelid)), array_agg(indexrelid::regclass::text) into definitions, names from pg_index
        where indrelid = any(tables::regclass[]) and not indisunique;
    foreach one in array names loop
        execute 'drop index ' || one;
    end loop;
    for place in 1 .. array_length(inner_work, 1) loop
        call bench.multiply(inner_work[place][1], inner_work[place][2], inner_work[place][3]);
    end loop;
    foreach one in array definitions loop
        execute one;
    end loop;
end $$;

do $$
declare
    -- History of running cases, and of one in twenty that ended: a page of a case reads one chain.
    with_history text := 'c.number > current_setting(''bench.closed'')::bigint or c.number % 20 = 0';
begin
    if exists (select from bench.copy where not made) then
        call bench.reindex(array['workflow_instance', 'journey_case', 'task', 'sla_clock', 'case_watcher'], array[
            ['workflow_instance', 'id', 'true'], ['journey_case', 'id', 'true'], ['task', 'instance_id', 'true'], ['sla_clock', 'instance_id', 'true'],
            ['case_watcher', 'instance_id', 'true'],
            ['event', 'chain_id', with_history]]);
        update bench.copy set made = true where not made;
    end if;
end $$;

-- Colleagues of the demo people, thirty in each team; who sees two hundred cases that they watch and a few that they work on; and who sees none.
insert into person (id, user_name, display_name, roles, password_hash, security_stamp, created_at, updated_at)
    select bench.id(p.id, n, bench.start(p.created_at)), name, bench.customer_name(1000000 + n), array['employee'], p.password_hash, p.security_stamp,
        p.created_at, p.created_at
    from (select * from person where user_name = 'adjuster1') p,
        (select n, case n when 0 then 'few' when 1 then 'none' else 'colleague' || n end name from generate_series(0, 30 * (select count(*)::int
            from team) + 1) n) g
    on conflict do nothing;
insert into team_member (team_key, person_id, joined_at)
    select t.key, p.id, p.created_at from (select key, row_number() over (order by key) - 1 place from team) t
    join person p on p.user_name like 'colleague%' and (substr(p.user_name, 10)::int - 2) / 30 = t.place
    on conflict do nothing;
insert into person_skill (person_id, skill, level)
    select p.id, s.skill, 3 from person p, (select distinct skill from person_skill) s where p.user_name like 'colleague%' on conflict do nothing;
insert into case_watcher (instance_id, person_id, added_at)
    select i.id, p.id, i.created_at from person p, bench.copy c join workflow_instance i on i.id = bench.id(c.template, c.number, c.start)
    where p.user_name = 'few' and c.number % (select greatest(count(*) / 200, 1) from bench.copy) = 0
    on conflict do nothing;
update task t set watchers = array[p.id] from person p, case_watcher w
    where p.user_name = 'few' and w.person_id = p.id and t.instance_id = w.instance_id and t.ended_at is null and not p.id = any(t.watchers);
-- Work of a team is spread over its members.
update task t set owner_id = o.id from (
        select t.id task, (select m.person_id from team_member m where m.team_key = t.team
            order by m.person_id offset (bench.chance(0, t.id::text) * (select count(*) from team_member m where m.team_key = t.team))::int limit 1) id
        from task t where t.ended_at is null and t.owner_id is not null and cardinality(t.watchers) = 0) o
    where t.id = o.task and o.id is not null and t.owner_id is distinct from o.id;

-- The customers of all these cases.
with made as (
    insert into customer (id, number, name, survivor, created_by, created_at, changed_at)
        select n.id, n.customer_id, n.customer_name, n.id, n.created_by, n.created_at, n.created_at
        from (select distinct on (customer_id) gen_random_uuid() id, customer_id, customer_name, created_by, created_at from journey_case
            where test_by is null order by customer_id, created_at desc) n
        on conflict (number) do nothing
    returning id, number, name)
insert into customer_search (customer_id, words) select m.id, customer_words(m.number, m.name, '{}', '{}', '{}', '{}') from made m;
