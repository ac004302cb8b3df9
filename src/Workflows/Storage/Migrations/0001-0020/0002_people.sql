-- Who works here. People are never deleted: history names them.
create table person (
    id              uuid primary key,
    user_name       text not null check (user_name ~ '^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$'),
    display_name    text not null check (display_name <> ''),
    email           text,
    -- Shipped roles, and keys of custom_role.
    roles           text[] not null,
    -- Null until they choose their first password.
    password_hash   text,
    -- Sessions carry it; a new one ends them all.
    security_stamp  uuid not null,
    failed_sign_ins integer not null default 0,
    locked_until    timestamptz,
    active          boolean not null default true,
    -- Who deactivated them; null while they are active.
    deactivated_by  text,
    deactivated_at  timestamptz,
    revision        integer not null default 1,
    created_at      timestamptz not null,
    updated_at      timestamptz not null
);
create unique index person_user_name on person (lower(user_name));

create table team (
    key         text primary key check (key ~ '^[a-z][a-z0-9-]*$'),
    title       text not null,
    description text not null default '',
    lead_id     uuid references person (id),
    -- A retired team is not offered for new work; its members finish what it has.
    retired_at  timestamptz,
    revision    integer not null default 1,
    created_at  timestamptz not null
);

create table team_member (
    team_key  text not null references team (key) on delete cascade,
    person_id uuid not null references person (id),
    joined_at timestamptz not null,
    primary key (team_key, person_id)
);
create index team_member_person on team_member (person_id);

create table person_skill (
    person_id          uuid not null references person (id),
    skill              text not null check (skill ~ '^[a-z][a-z0-9-]*$'),
    level              integer not null check (level between 1 and 5),
    -- Exclusive; null means that the certificate does not expire.
    certified_until    date,
    certificate_number text,
    certificate_issuer text,
    primary key (person_id, skill)
);

-- Out of office: who receives and may claim what is for someone who is away.
create table substitution (
    id             uuid primary key,
    person_id      uuid not null references person (id),
    substitute_id  uuid not null references person (id),
    from_at        timestamptz not null,
    until_at       timestamptz not null,
    reason         text not null default '',
    created_by     text not null,
    created_at     timestamptz not null,
    ended_at       timestamptz,
    check (until_at > from_at),
    check (person_id <> substitute_id)
);
create index substitution_substitute on substitution (substitute_id, until_at) where ended_at is null;
create index substitution_person on substitution (person_id, until_at) where ended_at is null;

-- Sessions that were signed out before their tickets expire. A row goes when its tickets would be refused anyway.
create table ended_session (
    id         uuid primary key,
    person_id  uuid not null references person (id),
    expires_at timestamptz not null
);
create index ended_session_person on ended_session (person_id);

-- Sessions whose refresh token was exchanged. Its tokens are numbered from 0; only the newest brings another.
-- A row goes when that would be refused anyway.
create table refresh_session (
    id         uuid primary key,
    person_id  uuid not null references person (id),
    number     integer not null check (number > 0),
    -- When the newest was issued.
    renewed_at timestamptz not null,
    expires_at timestamptz not null
);
create index refresh_session_expiry on refresh_session (expires_at);

-- A link with which a person chooses a password, once. Only the hash of its token is kept; a used link is deleted.
create table password_link (
    token_hash  bytea primary key check (length(token_hash) = 32),
    person_id   uuid not null references person (id),
    created_by  text not null,
    created_at  timestamptz not null,
    expires_at  timestamptz not null
);
create index password_link_person on password_link (person_id);

-- Keys of cookies and tokens, so that every host reads what another one issued.
create table data_protection_key (
    name text primary key,
    xml  text not null
);
