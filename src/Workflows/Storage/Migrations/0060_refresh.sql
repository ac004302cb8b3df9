-- Sessions whose refresh token was exchanged. Its tokens are numbered from 0; only the newest brings another. A row goes when that would be refused anyway.
create table refresh_session (
    id         uuid primary key,
    person_id  uuid not null references person (id),
    number     integer not null check (number > 0),
    -- When the newest was given out.
    renewed_at timestamptz not null,
    expires_at timestamptz not null
);
create index refresh_session_expiry on refresh_session (expires_at);
