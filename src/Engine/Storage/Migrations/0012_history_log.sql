-- The Merkle log over all history (RFC 6962). A job appends what was committed; nothing on the way of a verb knows of it.
create table log_state (
    one      boolean primary key default true check (one),
    size     bigint not null,
    -- Events of earlier transactions are in the log.
    horizon  bigint not null,
    -- The database was copied into another server, where numbers of transactions begin anew: each event is looked up before it is appended.
    restored boolean not null default false
);
insert into log_state (size, horizon) values (0, 0);

-- Hashes of 256 complete subtrees of 256^level leaves each, 32 bytes apiece; the last tile of a level has fewer. Level 0 has leaves, and says of which
-- event each is.
create table log_tile (
    level     smallint not null,
    number    bigint not null,
    hashes    bytea not null,
    chains    uuid[],
    sequences integer[],
    primary key (level, number),
    check ((level = 0) = (chains is not null) and (level = 0) = (sequences is not null))
);

-- In which tiles of level 0 a chain has events.
create table log_chain (
    chain_id uuid not null,
    tile     bigint not null,
    primary key (chain_id, tile)
);

-- Signed tree heads, and where each is held outside the database.
create table log_head (
    size bigint not null,
    at   timestamptz not null,
    note text not null,
    primary key (size, at)
);
create index log_head_at on log_head (at);

create table log_head_copy (
    size    bigint not null,
    at      timestamptz not null,
    place   text not null,
    held_at timestamptz not null,
    -- What a timestamp authority answered.
    receipt bytea,
    primary key (size, at, place),
    foreign key (size, at) references log_head (size, at) on delete cascade
);

-- Checks of the whole history against the log and the heads held outside.
create table log_check (
    id         uuid primary key,
    started_at timestamptz not null,
    ended_at   timestamptz,
    actor      text not null,
    events     bigint not null default 0,
    entries    bigint not null default 0,
    findings   json
);
create index log_check_started on log_check (started_at desc);
