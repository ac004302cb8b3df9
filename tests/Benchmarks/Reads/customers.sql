-- The customers of all cases.
with made as (
    insert into customer (id, number, name, survivor, created_by, created_at, changed_at)
        select n.id, n.customer_id, n.customer_name, n.id, n.created_by, n.created_at, n.created_at
        from (select distinct on (customer_id) gen_random_uuid() id, customer_id, customer_name, created_by, created_at from journey_case c
            where test_by is null and not exists (select from customer k where k.number = c.customer_id) order by customer_id, created_at desc) n
    returning id, number, name)
insert into customer_search (customer_id, words) select m.id, customer_words(m.number, m.name, '{}', '{}', '{}', '{}') from made m;
