-- Which host holds tree heads in which place: hosts can have different settings.
create table log_place_host (
    place    text not null,
    -- Name of the host in its settings; else of its machine.
    host     text not null,
    -- When it last looked whether there is a new head.
    seen_at  timestamptz not null,
    primary key (place, host)
);
