-- What compliance searches history by. Rows of the engine are many and found by their case: the indexes leave them out.
create index event_actor on event (actor, at, chain_id, sequence) where entity <> 'activity';
create index event_action on event (action, at, chain_id, sequence) where entity <> 'activity';
