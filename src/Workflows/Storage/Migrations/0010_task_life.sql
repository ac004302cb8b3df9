-- Everything a task may go through: waiting, review, delegation, forwarding, skipping, return, comments, attachments; and who stands in for whom.
alter table task
    -- Where a suspended task returns to, why it waits, and until when it does so by itself.
    add column suspended_from   text check (suspended_from in ('Ready', 'Reserved', 'InProgress')),
    add column suspended_reason text,
    add column suspended_until  timestamptz,
    -- Outcome by which the case goes on when the step is skipped; null: it can not be skipped.
    add column skip_outcome     text,
    add column requires_review  boolean not null default false,
    -- Who was asked to review it, or does; everybody who has reviewed it counts for four eyes.
    add column reviewer_id      uuid references person (id),
    add column reviewers        uuid[] not null default '{}',
    -- Outcome that waits for approval; its data are in `data`.
    add column proposed_outcome text,
    add column delegated_by     uuid references person (id),
    -- Absent person in whose place the owner has it.
    add column on_behalf_of     uuid references person (id),
    -- Who forwarded it and is no candidate any more.
    add column gave_up          uuid[] not null default '{}',
    -- Who sees it besides its candidates: mentioned people, for example.
    add column watchers         uuid[] not null default '{}',
    -- Why it ended without being completed.
    add column end_reason       text,
    -- Values its form began with: data of the case and computed defaults.
    add column prefill          json;

alter table task drop constraint task_check1;
alter table task
    add constraint task_outcome check (case state when 'Completed' then outcome is not null when 'Skipped' then outcome is not null else outcome is null end),
    add constraint task_suspended check ((state = 'Suspended') = (suspended_from is not null) and (suspended_from is null) = (suspended_reason is null) and (suspended_until is null or suspended_from is not null)),
    add constraint task_suspended_owner check (suspended_from is null or (suspended_from = 'Ready') = (owner_id is null)),
    add constraint task_review check ((state in ('ReadyForReview', 'InReview')) = (proposed_outcome is not null) and (state <> 'InReview' or reviewer_id is not null)),
    add constraint task_reviewer check (reviewer_id is null or reviewer_id is distinct from owner_id),
    add constraint task_review_owner check (state not in ('ReadyForReview', 'InReview') or owner_id is not null);
create index task_reviewer on task (reviewer_id) where ended_at is null and reviewer_id is not null;

create table task_comment (
    id          uuid primary key,
    task_id     uuid not null references task (id) on delete cascade,
    author      text not null,
    body        text not null check (body <> '' and length(body) <= 10000),
    created_at  timestamptz not null
);
create index task_comment_task on task_comment (task_id, created_at);

create table task_attachment (
    id            uuid primary key,
    task_id       uuid not null references task (id) on delete cascade,
    name          text not null check (name <> '' and length(name) <= 255),
    content_type  text not null,
    size          bigint not null check (size > 0),
    -- SHA-256 of the content; history has it too.
    hash          bytea not null check (length(hash) = 32),
    content       bytea not null,
    added_by      text not null,
    created_at    timestamptz not null
);
create index task_attachment_task on task_attachment (task_id, created_at);
-- Scans and pictures are compressed already.
alter table task_attachment alter column content set storage external;

-- Out of office: who receives and may claim what is for somebody who is away.
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
