-- Accounts at identity providers with which people sign in. A provider never gives the subject of an account to another one.
create table external_login (
    issuer     text not null check (issuer <> ''),
    subject    text not null check (subject <> ''),
    person_id  uuid not null references person (id),
    linked_at  timestamptz not null,
    primary key (issuer, subject)
);
create index external_login_person on external_login (person_id);

-- Authenticator apps that give people a code when they sign in with their password.
create table second_factor (
    person_id  uuid primary key references person (id),
    -- Key of the app, encrypted with the keys of data protection.
    secret     text not null,
    -- Period of the last code that was accepted: no code is good twice.
    used_step  bigint not null,
    set_up_at  timestamptz not null
);

-- Codes for people who lost their app. Only hashes are kept; a used code is deleted.
create table recovery_code (
    code_hash  bytea primary key check (length(code_hash) = 32),
    person_id  uuid not null references person (id)
);
create index recovery_code_person on recovery_code (person_id);

-- Where people are signed in. A session whose stamp is not the person's any more, or that is in ended_session, is over.
create table person_session (
    id          uuid primary key,
    person_id   uuid not null references person (id),
    stamp       uuid not null,
    kind        text not null check (kind in ('browser', 'api')),
    -- How they signed in: password, code, recovery-code, or the name of an identity provider.
    method      text not null,
    -- The IP address, or the network of an IPv6 address.
    origin      text not null,
    -- Browser and system, in words.
    device      text not null,
    started_at  timestamptz not null,
    -- Within a few minutes.
    seen_at     timestamptz not null
);
create index person_session_person on person_session (person_id, seen_at desc);
create index person_session_seen on person_session (seen_at);

-- Roles that administrators compose. What a permission allows is in the program, which ignores those that it doesn't know.
create table custom_role (
    key          text primary key check (key ~ '^[a-z][a-z0-9-]{0,39}$'),
    title        text not null check (title <> ''),
    description  text not null default '',
    permissions  text[] not null,
    revision     integer not null default 1,
    created_at   timestamptz not null,
    updated_at   timestamptz not null
);
