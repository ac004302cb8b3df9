-- What somebody wants of a job, written with its history; whichever host comes first has the scheduler do it and deletes the row.
create table job_wish (
    id         uuid primary key,
    job        text not null,
    wish       text not null check (wish in ('run', 'pause', 'resume')),
    created_at timestamptz not null
);
create index job_wish_order on job_wish (created_at, id);
