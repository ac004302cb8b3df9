-- What a person wants by e-mail and when not to be disturbed.
create table notification_preference (
    -- Null: what holds for everybody who has not chosen.
    person_id   uuid unique nulls not distinct references person (id),
    email_kinds text[] not null default '{}',
    -- Local times of the zone; from is inclusive, to exclusive, and a night may span midnight.
    quiet_from  time,
    quiet_to    time,
    time_zone   text not null,
    revision    integer not null default 1,
    changed_at  timestamptz not null,
    check ((quiet_from is null) = (quiet_to is null)),
    check (quiet_from is distinct from quiet_to or quiet_from is null)
);
