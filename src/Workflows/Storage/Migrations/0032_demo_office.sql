-- When the history of a simulated office was begun and finished: one that was interrupted is incomplete for good.
create table demo_office (
    id       boolean primary key default true check (id),
    begun_at timestamptz not null,
    done_at  timestamptz
);
