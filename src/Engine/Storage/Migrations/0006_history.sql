-- As EventHash writes a text into the header of an event.
create function history_text(value text) returns bytea language sql stable as $$
    select coalesce(int4send(octet_length(convert_to(value, 'UTF8'))) || convert_to(value, 'UTF8'), int4send(-1))
$$;

-- Erases payloads of a chain: those of some events, or with null of all. This is the only way, and it is noted at the end of the same chain, with
-- who asked and why; such notes can't be erased. Returns how many payloads were erased. Runs with the rights of the owner of the tables.
create function erase_history(chain uuid, sequences integer[], at timestamptz, actor text, reason text) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    erased integer[];
    number integer;
    head   bytea;
    salt   bytea := uuid_send(gen_random_uuid());
    note   text;
    id     text := replace(chain::text, '-', '');
begin
    if coalesce(trim(actor), '') = '' or coalesce(trim(reason), '') = '' then
        raise exception 'an erasure needs an actor and a reason' using errcode = 'check_violation';
    end if;
    -- Whoever appends to a chain holds the row that has its head. Chains of deleted instances have none, and grow only here.
    perform pg_advisory_xact_lock(hashtextextended('erasure ' || id, 0));
    perform from workflow_instance i where i.id = chain for no key update;
    perform from event_chain c where c.id = chain for no key update;

    perform set_config('orchestration.erasure', 'on', true);
    with gone as (
        update event e set salt = null, payload = null
        where e.chain_id = chain and (sequences is null or e.sequence = any(sequences)) and e.payload is not null and e.action <> 'history.erased'
        returning e.sequence)
    select array_agg(gone.sequence order by gone.sequence) into erased from gone;
    perform set_config('orchestration.erasure', 'off', true);
    if erased is null then
        return 0;
    end if;

    select e.sequence + 1, e.leaf into number, head from event e where e.chain_id = chain order by e.sequence desc limit 1;
    note := json_build_object('reason', reason, 'sequences', erased)::text;
    insert into event (chain_id, sequence, at, actor, action, entity, entity_id, revision, salt, payload, commitment, leaf)
    values (chain, number, at, actor, 'history.erased', 'history', id, 0, salt, note::json, sha256(salt || convert_to(note, 'UTF8')),
        sha256('\x00'::bytea || uuid_send(chain) || int8send(number) || int8send((extract(epoch from at) * 1000000)::bigint)
            || history_text(actor) || history_text('history.erased') || history_text('history') || history_text(id) || int8send(0)
            || history_text(null) || history_text(null) || history_text(null)
            || int4send(32) || head || int4send(32) || sha256(salt || convert_to(note, 'UTF8'))))
    returning leaf into head;
    update workflow_instance i set event_sequence = number, event_head = head where i.id = chain;
    update event_chain c set event_sequence = number, event_head = head where c.id = chain;
    return cardinality(erased);
end $$;

-- Gives the application's role what it needs, and takes away all else: data of every table, but of history only to read it and to add to it.
-- The owner of the tables calls this after every change of the schema.
create function grant_application(role name) returns void language plpgsql as $$
declare
    part regclass;
begin
    execute format('revoke all on all tables in schema public from %I', role);
    execute format('revoke create on schema public from %I', role);
    execute format('grant usage on schema public to %I', role);
    execute format('grant select, insert, update, delete on all tables in schema public to %I', role);
    execute format('grant usage, select on all sequences in schema public to %I', role);
    -- Partitions are written through their table.
    for part in select tree.relid from history_tables() history, pg_partition_tree(history) tree loop
        execute format('revoke all on %s from %I', part, role);
    end loop;
    for part in select history_tables() loop
        execute format('revoke all on %s from %I', part, role);
        execute format('grant select, insert on %s to %I', part, role);
    end loop;
    execute format('revoke update, delete on event_chain from %I', role);
    execute format('grant update (event_sequence, event_head) on event_chain to %I', role);
    if to_regclass('schema_migration') is not null then
        execute format('revoke insert, update, delete on schema_migration from %I', role);
    end if;
    execute format('grant execute on function create_event_partition(date), erase_history(uuid, integer[], timestamptz, text, text) to %I', role);
    if to_regnamespace('hangfire') is not null then
        execute format('grant usage on schema hangfire to %I', role);
        execute format('grant select, insert, update, delete on all tables in schema hangfire to %I', role);
        execute format('grant usage, select on all sequences in schema hangfire to %I', role);
    end if;
end $$;

revoke execute on function create_event_partition(date), erase_history(uuid, integer[], timestamptz, text, text) from public;
