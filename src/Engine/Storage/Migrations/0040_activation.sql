-- Elsa's activation strategies are judged when an instance is written, by what runs then: a correlation id may have changed since its instance started,
-- and Correlation looks at instances of definitions with any other strategy. Starts that could exclude each other wait for each other.
drop index workflow_instance_activation;
alter table workflow_instance drop column activation_key;
create index workflow_instance_running on workflow_instance (definition_id, correlation_id) where status = 'Running';

create function require_activation(strategy text, definition text, correlation text) returns void language plpgsql as $$
declare
    taken boolean;
begin
    perform pg_advisory_xact_lock(hashtext('activation'), hashtext(case strategy
        when 'Singleton' then 'definition:' || definition
        when 'CorrelatedSingleton' then 'definition:' || definition || ':' || coalesce(correlation, '')
        else 'correlation:' || correlation end));
    -- Each statement has its own snapshot, so this sees what committed while the lock was awaited.
    taken := case strategy
        when 'Singleton' then exists (select from workflow_instance where definition_id = definition and status = 'Running')
        when 'CorrelatedSingleton' then exists (select from workflow_instance where definition_id = definition and correlation_id is not distinct from correlation and status = 'Running')
        else exists (select from workflow_instance where correlation_id = correlation and status = 'Running') end;
    if taken then
        raise exception 'the activation strategy of % allows no further instance now', definition using errcode = 'OR003';
    end if;
end $$;
