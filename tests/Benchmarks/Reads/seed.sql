-- Multiplies the cases of a database: each case that is there becomes one of many, with new ids, references, customers and times. `bench.closed` finished
-- cases of the last three years, and `bench.open` running ones of the last sixty days. The same numbers give the same rows, and a second run adds nothing.
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

-- How a row of a table becomes that of another case: columns, and SQL of their values from the row, `r`, and the case to make, `c`.
create or replace function bench.row_of(target text, customers bigint, out columns text, out chosen text) stable language sql as $$
    select string_agg(quote_ident(attname), ', ' order by attnum), string_agg(case
            when attname in ('id', 'instance_id', 'task_id', 'bookmark_id', 'parent_id', 'clock_id', 'chain_id', 'subject_id', 'case_id')
                and atttypid = 'uuid'::regtype then format('bench.id(r.%I, c.number, c.start)', attname)
            when attname in ('due_at', 'risk_at', 'late_at') then format('r.%I + c.due_later', attname)
            when atttypid = 'timestamptz'::regtype then format('r.%I + c.later', attname)
            when attname in ('reference', 'correlation_id') then format('regexp_replace(r.%I, ''-?[0-9]*$'', ''-'' || lpad(c.number::text, 8, ''0''))',
                attname)
            when target = 'journey_case' and attname = 'customer_id' then format('''C-'' || 100000 + (bench.chance(c.number, ''customer'') * %s)::int',
                customers)
            when target = 'journey_case' and attname = 'customer_name' then format('bench.customer_name((bench.chance(c.number, ''customer'') * %s)::int)',
                customers)
            else format('r.%I', attname) end, ', ' order by attnum)
        from pg_attribute where attrelid = target::regclass and attnum > 0 and not attisdropped and attgenerated = ''
$$;

-- The same of every table: rows of the templates with other ids and times.
create or replace procedure bench.multiply(target text, key text, which text) language plpgsql as $$
declare
    began timestamptz := clock_timestamp();
    made bigint;
begin
    execute format('create table bench.rows as select r.* from public.%I r where r.%I in (select id from bench.template)', target, key);
    execute (select format('insert into public.%I (%s) select %s
        from bench.copy c join bench.rows r on r.%I = c.template where not c.made and (%s) order by c.number', target, columns, chosen, key, which)
        from bench.row_of(target, 300000));
    get diagnostics made = row_count;
    drop table bench.rows;
    raise notice '% rows of % in % s', made, target, round(extract(epoch from clock_timestamp() - began));
end $$;

-- Without indexes while rows are added: a third of the time. What was dropped is kept here until it is there again, also when a run breaks off.
create table if not exists bench.dropped (number int generated always as identity, statement text not null);

create or replace procedure bench.drop_indexes(tables text[]) language plpgsql as $$
declare
    one record;
begin
    for one in select indexrelid::regclass name, pg_get_indexdef(indexrelid) statement from pg_index
            where indrelid = any(tables::regclass[]) and not indisunique loop
        insert into bench.dropped (statement) values (one.statement);
        execute format('drop index %s', one.name);
    end loop;
end $$;

-- The same of keys that no foreign key needs. The others are made anew afterwards: rows between those that are there leave their pages half empty. Pages of
-- the tables are filled, since nothing changes the rows.
create or replace procedure bench.drop_keys(tables text[]) language plpgsql as $$
declare
    one record;
begin
    for one in select conrelid::regclass target, conname, conindid::regclass name, pg_get_constraintdef(oid) definition,
            exists (select from pg_constraint f where f.contype = 'f' and f.conindid = k.conindid) needed
            from pg_constraint k where conrelid = any(tables::regclass[]) and contype in ('p', 'u') loop
        if one.needed then
            insert into bench.dropped (statement) values (format('reindex index %s', one.name));
        else
            insert into bench.dropped (statement) values (format('alter table %s add constraint %I %s', one.target, one.conname, one.definition));
            execute format('alter table %s drop constraint %I', one.target, one.conname);
        end if;
    end loop;
    for one in select oid::regclass target, o.option from pg_class, unnest(reloptions) o (option)
            where oid = any(tables::regclass[]) and o.option like 'fillfactor=%' loop
        insert into bench.dropped (statement) values (format('alter table %s set (%s)', one.target, one.option));
        execute format('alter table %s set (fillfactor = 100)', one.target);
    end loop;
end $$;

create or replace procedure bench.make_indexes() language plpgsql as $$
declare
    one record;
    began timestamptz;
begin
    for one in select * from bench.dropped order by number loop
        began := clock_timestamp();
        execute one.statement;
        if clock_timestamp() > began + interval '1 second' then
            raise notice '% s: %', round(extract(epoch from clock_timestamp() - began)), one.statement;
        end if;
    end loop;
    delete from bench.dropped;
end $$;
call bench.make_indexes();

do $$
declare
    -- History of running cases, and of one in twenty that ended: a page of a case reads one chain.
    with_history text := 'c.number > current_setting(''bench.closed'')::bigint or c.number % 20 = 0';
begin
    if exists (select from bench.copy where not made) then
        call bench.drop_indexes(array['workflow_instance', 'journey_case', 'task', 'sla_clock', 'case_watcher']);
        call bench.multiply('workflow_instance', 'id', 'true');
        call bench.multiply('journey_case', 'id', 'true');
        call bench.multiply('task', 'instance_id', 'true');
        call bench.multiply('sla_clock', 'instance_id', 'true');
        call bench.multiply('case_watcher', 'instance_id', 'true');
        call bench.multiply('event', 'chain_id', with_history);
        call bench.make_indexes();
        update bench.copy set made = true where not made;
    end if;
end $$;
