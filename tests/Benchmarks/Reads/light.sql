-- Closed cases of which there is only what lists, counters, search, pages of customers, reports and retention read: the run with a short state, its case,
-- words, viewers and time of removal. Every second one has a task, and every tenth a clock; there is no history. `bench.light` of them, in parts that several
-- sessions can make at once. A second run adds nothing, and goes on after one that broke off.

create table if not exists bench.light (
    first bigint primary key, last bigint not null, starts timestamptz not null, ends timestamptz not null, made boolean not null default false
);
-- Over the same three years as the full ones, with numbers far above theirs.
insert into bench.light (first, last, starts, ends)
    select first, least(first + size - 1, last), began + interval '1034 days' * ((first - done - 1)::float8 / (last - done)),
        began + interval '1034 days' * ((least(first + size - 1, last) - done)::float8 / (last - done))
    from (select coalesce(max(l.last), 50000000) done, 50000000 + current_setting('bench.light')::bigint as last, 200000 as size,
            date_trunc('minute', current_setting('bench.now')::timestamptz) - interval '3 years' began from bench.light l) p,
        generate_series(done + 1, p.last, size) first;

-- What they are made from: each ended task of a closed case, with one of its clocks.
drop table if exists bench.source;
create table bench.source as
    select row_number() over (order by t.created_at, t.id) - 1 as place, count(*) over () as of, i.id template, i.created_at, t.id task, k.id clock
    from bench.template b join workflow_instance i on i.id = b.id join task t on t.instance_id = i.id
        left join lateral (select id from sla_clock where task_id = t.id and status in ('Completed', 'Cancelled') order by created_at, id limit 1) k on true
    where i.status = 'Finished' and i.sub_status <> 'Faulted' and t.ended_at is not null;

drop table if exists bench.light_workflow_instance, bench.light_journey_case, bench.light_task, bench.light_sla_clock, bench.light_viewer;
create table bench.light_workflow_instance as select s.place, r.* from bench.source s join workflow_instance r on r.id = s.template;
update bench.light_workflow_instance r set name = null, incident_count = 0, event_sequence = 0, event_head = decode(repeat('00', 32), 'hex'),
    state = replace(replace((r.state::jsonb - '{correlationId,name,finishedAt,output,outputs,bookmarks,incidents,callbacks}'::text[]
        || jsonb_build_object('executions', (
        select coalesce(jsonb_agg(jsonb_build_object('id', '1', 'node', e -> 'node', 'status', e -> 'status', 'startedAt', 0, 'variables', (
            select coalesce(jsonb_agg(v), '[]') from jsonb_array_elements(e -> 'variables') v where v ->> 0 = 'jurisdiction'))), '[]')
        from jsonb_array_elements(r.state::jsonb -> 'executions') e where not e ? 'parent')))::text, '": ', '":'), ', "', ',"')::json;

create table bench.light_journey_case as select s.place, r.* from bench.source s join journey_case r on r.id = s.template;

create table bench.light_task as select s.place, r.* from bench.source s join task r on r.id = s.task;
update bench.light_task set description = null, form = null, prefill = null, data = null, draft = null, container_id = null, policies = '{}',
    outcomes = case when outcome is null then outcomes[1:1] else array[outcome] end, owner_id = null, reviewer_id = null, actors = '{}', watchers = '{}',
    reviewers = '{}', candidates = '{}';

create table bench.light_sla_clock as select s.place, r.* from bench.source s join sla_clock r on r.id = s.clock;
update bench.light_sla_clock r set state = replace(replace(jsonb_strip_nulls(r.state::jsonb || jsonb_build_object('calendarFingerprint', '', 'rungs',
    '[]'::jsonb, 'policy', ((r.state::jsonb -> 'policy') - '{description,source,stop,cancel,pauseReasons}'::text[]) || '{"ladder": []}'))::text,
    '": ', '":'), ', "', ',"')::json;

-- By the rule of `CaseViewers`: whoever opened the case, and the team of its task.
create table bench.light_viewer as
    select r.place, p.user_name viewer, false of_task from bench.light_journey_case r join person p on p.user_name = r.created_by
    union all select place, 'team:' || team, true from bench.light_task where team is not null and test_by is null;

analyze bench.source, bench.light_workflow_instance, bench.light_journey_case, bench.light_task, bench.light_sla_clock, bench.light_viewer, bench.kept;

create or replace procedure bench.add_rows(target text, which text) language plpgsql as $$
begin
    execute (select format('insert into public.%I (%s) select %s from part c join bench.%I r on r.place = c.place where %s',
        target, columns, chosen, 'light_' || target, which) from bench.row_of(target, current_setting('bench.customers')::bigint));
end $$;

-- Makes one part. Answers how many cases; 0: all are there. `words` is SQL of the words of `c`, a row of `journey_case`.
create or replace function bench.add_light(words text) returns bigint language plpgsql as $$
declare
    p bench.light;
    began timestamptz := clock_timestamp();
    days text := (select zone from bench.kept limit 1);
begin
    select * into p from bench.light where not made order by first limit 1 for update skip locked;
    if not found then
        return 0;
    end if;
    create temporary table part on commit drop as
        select number, s.place, n.at, bench.start(n.at) as start, n.at - s.created_at as later, n.at - s.created_at as due_later,
            bench.id(s.template, number, bench.start(n.at)) as id
        from (select number, p.starts + (p.ends - p.starts) * ((number - p.first)::float8 / (p.last - p.first + 1)) as at
                from generate_series(p.first, p.last) number) n
            join bench.source s on s.place = (bench.chance(number, 'light') * s.of)::int % s.of;
    analyze part;
    call bench.add_rows('workflow_instance', 'true');
    call bench.add_rows('journey_case', 'true');
    call bench.add_rows('task', 'c.number % 2 = 0');
    call bench.add_rows('sla_clock', 'c.number % 10 = 0');
    execute format(
        'insert into case_search (case_id, open, created_at, words) select c.id, false, c.created_at, %s from part p join journey_case c on c.id = p.id',
        words);
    insert into case_viewer (viewer, created_at, instance_id, stands_in)
        select v.viewer, c.at, c.id, false from part c join bench.light_viewer v on v.place = c.place where c.number % 2 = 0 or not v.of_task;
    insert into case_retention (case_id, policy_version, rule, jurisdiction, closed_at, remove_at)
        select c.id, k.policy_version, k.rule, k.jurisdiction, r.finished_at + c.later, k.remove_at
        from part c join bench.light_workflow_instance r on r.place = c.place
            join bench.kept k on k.template = r.id and k.day = ((r.finished_at + c.later) at time zone days)::date;
    update bench.light set made = true where first = p.first;
    raise notice '% light cases in % s', p.last - p.first + 1, round(extract(epoch from clock_timestamp() - began), 1);
    return p.last - p.first + 1;
end $$;
