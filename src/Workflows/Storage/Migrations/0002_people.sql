-- Who works here. People are never deleted: history names them.
create table person (
    id              uuid primary key,
    user_name       text not null check (user_name ~ '^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$'),
    display_name    text not null check (display_name <> ''),
    email           text,
    roles           text[] not null check (roles <@ array['analyst', 'employee', 'supervisor', 'frontoffice', 'compliance', 'administrator']),
    password_hash   text not null,
    -- Sessions carry it; a new one ends them all.
    security_stamp  uuid not null,
    failed_sign_ins integer not null default 0,
    locked_until    timestamptz,
    active          boolean not null default true,
    created_at      timestamptz not null,
    updated_at      timestamptz not null
);
create unique index person_user_name on person (lower(user_name));

create table team (
    key         text primary key check (key ~ '^[a-z][a-z0-9-]*$'),
    title       text not null,
    description text not null default '',
    lead_id     uuid references person (id),
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
    person_id       uuid not null references person (id),
    skill           text not null check (skill ~ '^[a-z][a-z0-9-]*$'),
    level           integer not null check (level between 1 and 5),
    -- Exclusive; null means that the certificate does not expire.
    certified_until date,
    primary key (person_id, skill)
);

-- Sessions that were signed out before their tickets expire. A row goes when its tickets would be refused anyway.
create table ended_session (
    id         uuid primary key,
    person_id  uuid not null references person (id),
    expires_at timestamptz not null
);
create index ended_session_person on ended_session (person_id);

-- Keys of cookies and tokens, so that every host reads what another one issued.
create table data_protection_key (
    name text primary key,
    xml  text not null
);
