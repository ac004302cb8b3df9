-- When a Timer, Cron or StartAt trigger starts the next instance; null for others and for one that is over. Moved on in the transaction of the start.
alter table workflow_trigger add column due_at timestamptz;
alter table workflow_trigger add column attempts integer not null default 0;
alter table workflow_trigger add column last_error text;
create index workflow_trigger_due on workflow_trigger (due_at) where due_at is not null;
create index workflow_trigger_definition on workflow_trigger (definition_id);

-- The path an HttpEndpoint waits at, with its parameters.
alter table bookmark add column route text;

-- Starting an instance by a tick calls this: the tick belongs to the transaction that moves it on, and to no other.
create function take_tick(trigger_id uuid, due timestamptz, next timestamptz) returns void language plpgsql as $$
begin
    update workflow_trigger set due_at = next, attempts = 0, last_error = null where id = trigger_id and due_at = due;
    if not found then
        raise exception 'the tick of trigger % at % was taken by somebody else', trigger_id, due using errcode = 'OR002';
    end if;
end $$;
