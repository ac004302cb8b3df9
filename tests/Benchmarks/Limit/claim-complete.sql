-- What ClaimTask and CompleteTask send, for pgbench: two round trips and one commit each, each on a task of its own. The names between at signs stand for what
-- they read, and write beside the task: the statements of the product itself, taken from a claim and a complete.
\set i :i + 1
\set k :offset + :client_id * :share + :i
\startpipeline
begin;
@claim@
\endpipeline
\startpipeline
update task set state = 'Reserved', owner_id = cast(:person as uuid), on_behalf_of = null, delegated_by = null, claimed_at = now(), revision = revision
    + 1, changed_by = 'bench', changed_at = now()
where id = ('3' || lpad(to_hex(cast(:k as bigint)), 31, '0'))::uuid;
@claim-beside@
insert into operation (actor, id, request_hash, answer, created_at) values ('bench', 'c-' || :k, cast(:head as bytea), cast(:answer as json), now());
update workflow_instance set event_sequence = event_sequence + 1, event_head = cast(:head as bytea), updated_at = now() where id = ('1' ||
    lpad(to_hex(cast(:k as bigint)), 31, '0'))::uuid;
insert into event (at, actor, chain_id, sequence, action, entity, entity_id, revision, activity_id, node_id, activity_type, commitment, leaf, salt,
    payload)
select now(), 'bench', ('1' || lpad(to_hex(cast(:k as bigint)), 31, '0'))::uuid, * from unnest(cast(:claim_sequence as int[]), cast(:claim_action as
    text[]), cast(:claim_entity as text[]), cast(:claim_entity_id as text[]),
    cast(:claim_revision as bigint[]), cast(:claim_activity_id as text[]), cast(:claim_node_id as text[]), cast(:claim_activity_type as text[]),
        cast(:claim_commitment as bytea[]), cast(:claim_leaf as bytea[]), cast(:claim_salt as
        bytea[]), cast(:claim_payload as json[]));
select queue_webhooks('webhook', null, null, null, null, null, now(), '', 'bench') where exists (select from webhook_endpoint where active);
commit;
\endpipeline
\startpipeline
begin;
@complete@
\endpipeline
\startpipeline
update task set state = 'Completed', outcome = 'Done', data = '{}', draft = null, ended_by = 'bench', ended_at = now(), actors = array(select distinct
    unnest(actors || cast(:person as uuid))),
    started_at = coalesce(started_at, now()), revision = revision + 1, changed_by = 'bench', changed_at = now()
where id = ('3' || lpad(to_hex(cast(:k as bigint)), 31, '0'))::uuid;
delete from bookmark where id = ('2' || lpad(to_hex(cast(:k as bigint)), 31, '0'))::uuid;
insert into bookmark (id, instance_id, created_at, name, hash, activity_id)
values (('4' || lpad(to_hex(cast(:k as bigint)), 31, '0'))::uuid, ('1' || lpad(to_hex(cast(:k as bigint)), 31, '0'))::uuid, now(), 'Orchestration.HumanTask',
    '4' || lpad(to_hex(cast(:k as bigint)), 31, '0'), 'b');
insert into task (id, instance_id, bookmark_id, definition_id, definition_version_id, activity_id, title, description, form, form_name, outcomes, team,
    candidates,
    required_skills, excluded_steps, priority, state, due_at, risk_at, changed_by, created_at, changed_at, requires_review, skip_outcome, prefill,
        preferred_skills, policies)
values (('5' || lpad(to_hex(cast(:k as bigint)), 31, '0'))::uuid, ('1' || lpad(to_hex(cast(:k as bigint)), 31, '0'))::uuid, ('4' || lpad(to_hex(cast(:k
    as bigint)), 31, '0'))::uuid, 'bench', :version, 'b',
    'Pay', null, null, null, '{Done}', 'bench', '{}', '{}', '{}', 3, 'Ready', null, null, 'bench', now(), now(), false, null, null, '{}', '{}');
@complete-beside@
insert into operation (actor, id, request_hash, answer, created_at) values ('bench', 'd-' || :k, cast(:head as bytea), cast(:answer as json), now());
update workflow_instance set definition_version_id = :version, definition_version = 1, correlation_id = 'P-' || :k, name = null, status = 'Running',
    sub_status = 'Suspended', incident_count = 0,
    state = cast(:state as json), event_sequence = event_sequence + cast(:complete_count as int), event_head = cast(:head as bytea), updated_at =
        now(), finished_at = null
where id = ('1' || lpad(to_hex(cast(:k as bigint)), 31, '0'))::uuid;
insert into event (at, actor, chain_id, sequence, action, entity, entity_id, revision, activity_id, node_id, activity_type, commitment, leaf, salt,
    payload)
select now(), 'bench', ('1' || lpad(to_hex(cast(:k as bigint)), 31, '0'))::uuid, * from unnest(cast(:complete_sequence as int[]), cast(:complete_action
    as text[]), cast(:complete_entity as text[]), cast(:complete_entity_id as text[]),
    cast(:complete_revision as bigint[]), cast(:complete_activity_id as text[]), cast(:complete_node_id as text[]), cast(:complete_activity_type as
        text[]), cast(:complete_commitment as bytea[]), cast(:complete_leaf as bytea[]), cast(:complete_salt as
        bytea[]), cast(:complete_payload as json[]));
select queue_webhooks('webhook', null, null, null, null, null, now(), '', 'bench') where exists (select from webhook_endpoint where active);
commit;
\endpipeline
