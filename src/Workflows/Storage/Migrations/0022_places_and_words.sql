-- Which host holds tree heads in which place: hosts can have different settings.
create table log_place_host (
    place    text not null,
    -- Name of the host in its settings; else of its machine.
    host     text not null,
    -- When it last looked whether there is a new head.
    seen_at  timestamptz not null,
    primary key (place, host)
);

-- Comments as searches compare them, kept: to fold each one that an index can't tell from others took most of the time of a search.
drop index task_comment_words;
alter table task_comment add column words text generated always as (fold(' ' || body)) stored;
create index task_comment_words on task_comment using gin (words gin_trgm_ops);
