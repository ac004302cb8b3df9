-- Values for start.sql and claim-complete.sql, taken from a case whose first step was done: name, value.
with c as (select t.instance_id as id from task t where t.state = 'Completed' and t.activity_id = 'a' order by t.id limit 1),
e as (select e.*, (array['start', 'claim', 'complete'])[dense_rank() over (order by e.at)] as part
      from c join event e on e.chain_id = c.id)
select 'state', i.state::text from workflow_instance i join c using (id)
union all select 'head', i.event_head::text from workflow_instance i join c using (id)
union all select 'version', i.definition_version_id from workflow_instance i join c using (id)
union all select 'person', t.owner_id::text from task t join c on t.instance_id = c.id where t.activity_id = 'a'
union all select 'answer', o.answer::text from (select answer from operation where id like 'd%' limit 1) o
union all
select part || '_' || v.name, v.value
from (select part, count(*) as n, array_agg(sequence order by sequence) as s, array_agg(action order by sequence) as a, array_agg(entity order by
    sequence) as en, array_agg(entity_id order by sequence) as ei,
          array_agg(revision order by sequence) as r, array_agg(activity_id order by sequence) as ai, array_agg(node_id order by sequence) as ni,
              array_agg(activity_type order by sequence) as ty,
          array_agg(commitment order by sequence) as co, array_agg(leaf order by sequence) as le,
          array_agg(salt order by sequence) as sa, array_agg(payload order by sequence) as pa
      from e where part is not null group by part) g
cross join lateral (values ('count', n::text), ('sequence', s::text), ('action', a::text), ('entity', en::text), ('entity_id', ei::text), ('revision',
    r::text), ('activity_id', ai::text), ('node_id', ni::text),
    ('activity_type', ty::text), ('commitment', co::text), ('leaf', le::text), ('salt', sa::text),
    ('payload', pa::text)) v(name, value)
