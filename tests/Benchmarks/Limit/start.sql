-- What StartCase sends, for pgbench: one round trip, one commit. Ids are made of the client's number and its count. The name between at signs stands for what
-- it writes beside the case: the statements of the product itself.
\set i :i + 1
\set k :offset + :client_id * :share + :i
\startpipeline
insert into workflow_instance (id, definition_id, definition_version_id, definition_version, parent_id, correlation_id, name, status, sub_status,
    incident_count,
    state, event_sequence, event_head, created_at, updated_at, finished_at)
values (('1' || lpad(to_hex(cast(:k as bigint)), 31, '0'))::uuid, 'bench', coalesce((select id
    from workflow_definition where id = :version and is_published), refuse_version(:version)), 1, null, 'P-' || :k, null, 'Running', 'Suspended', 0,
    cast(:state as json), cast(:start_count as int), cast(:head as bytea), now(), now(), null);
insert into bookmark (id, instance_id, created_at, name, hash, activity_id)
values (('2' || lpad(to_hex(cast(:k as bigint)), 31, '0'))::uuid, ('1' || lpad(to_hex(cast(:k as bigint)), 31, '0'))::uuid, now(), 'Orchestration.HumanTask',
    '2' || lpad(to_hex(cast(:k as bigint)), 31, '0'), 'a');
insert into task (id, instance_id, bookmark_id, definition_id, definition_version_id, activity_id, title, description, form, form_name, outcomes, team,
    candidates,
    required_skills, excluded_steps, priority, state, due_at, risk_at, changed_by, created_at, changed_at, requires_review, skip_outcome, prefill,
        preferred_skills, policies)
values (('3' || lpad(to_hex(cast(:k as bigint)), 31, '0'))::uuid, ('1' || lpad(to_hex(cast(:k as bigint)), 31, '0'))::uuid, ('2' || lpad(to_hex(cast(:k
    as bigint)), 31, '0'))::uuid, 'bench', :version, 'a',
    'Check', null, null, null, '{Done}', 'bench', '{}', '{}', '{}', 3, 'Ready', null, null, 'bench', now(), now(), false, null, null, '{}', '{}');
insert into journey_case (id, journey, reference, customer_id, customer_name, created_by, created_at)
values (('1' || lpad(to_hex(cast(:k as bigint)), 31, '0'))::uuid, 'bench', 'P-' || :k, 'C', 'Customer', 'bench', now());
@start-beside@
insert into operation (actor, id, request_hash, answer, created_at) values ('bench', 'p-' || :k, cast(:head as bytea),
    '"00000000-0000-0000-0000-000000000000"', now());
insert into event (at, actor, chain_id, sequence, action, entity, entity_id, revision, activity_id, node_id, activity_type, commitment, leaf, salt,
    payload)
select now(), 'bench', ('1' || lpad(to_hex(cast(:k as bigint)), 31, '0'))::uuid, * from unnest(cast(:start_sequence as int[]), cast(:start_action as
    text[]), cast(:start_entity as text[]), cast(:start_entity_id as text[]),
    cast(:start_revision as bigint[]), cast(:start_activity_id as text[]), cast(:start_node_id as text[]), cast(:start_activity_type as text[]),
        cast(:start_commitment as bytea[]), cast(:start_leaf as bytea[]), cast(:start_salt as
        bytea[]), cast(:start_payload as json[]));
select queue_webhooks('webhook', null, null, null, null, null, now(), '', 'bench') where exists (select from webhook_endpoint where active);
\endpipeline
