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
