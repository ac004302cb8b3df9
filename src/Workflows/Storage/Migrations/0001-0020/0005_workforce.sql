-- What each person does now. Someone without a row is off shift. Each change is kept in presence_change too, in the same transaction.
-- Engaged is no state of its own: someone who is available shows as engaged while they work on a task.
create table presence (
    person_id     uuid primary key references person (id),
    state         text not null check (state in ('Available', 'Away', 'Training', 'Leave', 'OffShift')),
    -- What someone who is away does, such as a break or a meeting.
    reason        text not null default '' check (length(reason) <= 100),
    -- What set it: themselves, a shift, an absence, a supervisor, offers they missed, signing out, or silence of their pages.
    cause         text not null check (cause in ('Person', 'Shift', 'Absence', 'Supervisor', 'MissedOffers', 'SignOut', 'Silence')),
    changed_by    text not null,
    since         timestamptz not null,
    -- When it ends by itself; null while it lasts until someone or something changes it.
    until_at      timestamptz,
    -- When a page of theirs was last connected.
    seen_at       timestamptz,
    -- Offers in a row that they let expire.
    missed_offers integer not null default 0 check (missed_offers >= 0),
    -- When they were last given work: the longest idle comes first.
    given_at      timestamptz,
    -- Begin or end of a shift or absence that was acted on last; what was set by hand since then stays until the next one.
    planned_at    timestamptz,
    -- When the presence job has to look again; null: never.
    look_at       timestamptz,
    revision      integer not null default 1
);
create index presence_look on presence (look_at) where look_at is not null;

create table presence_change (
    person_id  uuid not null references person (id),
    at         timestamptz not null,
    revision   integer not null,
    state      text not null,
    reason     text not null,
    cause      text not null,
    changed_by text not null,
    primary key (person_id, revision)
);
create index presence_change_at on presence_change (at);

-- When people are planned to work or to be trained.
create table shift (
    id         uuid primary key,
    person_id  uuid not null references person (id),
    from_at    timestamptz not null,
    until_at   timestamptz not null,
    kind       text not null check (kind in ('Work', 'Training')),
    created_by text not null,
    created_at timestamptz not null,
    check (until_at > from_at)
);
create index shift_person on shift (person_id, until_at);
create index shift_until on shift (until_at);

-- A plan that changed is looked at within a second: shifts, absences, and whether someone still works here.
create function look_at_presence() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' then
        update presence set look_at = '-infinity' where person_id = old.person_id;
    elsif tg_table_name = 'person' then
        update presence set look_at = '-infinity' where person_id = new.id;
    else
        insert into presence (person_id, state, cause, changed_by, since, look_at)
            values (new.person_id, 'OffShift', 'Shift', 'system', new.created_at, '-infinity')
        on conflict (person_id) do update set look_at = '-infinity';
    end if;
    return null;
end $$;
create trigger shift_presence after insert or delete on shift for each row execute function look_at_presence();
create trigger substitution_presence after insert or update on substitution for each row execute function look_at_presence();
create trigger person_presence after update of active on person for each row execute function look_at_presence();

-- How much work someone can have at a time, in weight: a step of weight 100 takes the whole of a capacity of 100.
create table person_capacity (
    person_id uuid primary key references person (id),
    live      integer not null check (live between 0 and 10000),
    deferred  integer not null check (deferred between 0 and 10000),
    revision  integer not null default 1
);

-- The catalogue of skills. Steps and people name them by key.
create table skill (
    key         text primary key check (key ~ '^[a-z][a-z0-9-]*$'),
    title       text not null check (title <> '' and length(title) <= 100),
    description text not null default '',
    -- A retired skill can't be given to anyone else.
    retired_at  timestamptz,
    revision    integer not null default 1,
    created_at  timestamptz not null
);

alter table person_skill
    -- Who certified it and on what: a course, an exam, reviewed work.
    add column certified_by text,
    add column certified_at date,
    add column evidence text not null default '',
    add foreign key (skill) references skill (key);
create index person_skill_expiry on person_skill (certified_until) where certified_until is not null;

-- That someone was told that a certificate expires: once for each number of days before.
create table skill_reminder (
    person_id       uuid not null references person (id),
    skill           text not null references skill (key),
    certified_until date not null,
    days            integer not null,
    at              timestamptz not null,
    primary key (person_id, skill, certified_until, days)
);

alter table team
    -- How its work finds people: they pull it, are told what is best next, are offered it, or are given it.
    add column distribution text not null default 'pull' check (distribution in ('pull', 'suggest', 'offer', 'assign')),
    -- Percentage of each member's time that live work may not take.
    add column deferred_share integer not null default 0 check (deferred_share between 0 and 100);

alter table task
    -- Live work interrupts, deferred work fills.
    add column work_kind text not null default 'deferred' check (work_kind in ('live', 'deferred')),
    -- How long someone is expected to work on it, in minutes; null while nobody said so and too few were completed to know.
    add column effort integer check (effort > 0),
    -- How much of a person's capacity it takes.
    add column weight integer not null default 100 check (weight between 1 and 10000),
    -- Whether it takes capacity while it is suspended.
    add column suspended_counts boolean not null default false;

-- How long a step took when it was completed in the last 90 days: minutes from its start to its end. A job keeps it.
create table step_effort (
    definition_id text not null,
    activity_id   text not null,
    -- Half of them took no longer than this; a quarter no longer than `quarter`, three quarters no longer than `three_quarters`.
    median         integer not null check (median > 0),
    quarter        integer not null,
    three_quarters integer not null,
    samples        integer not null,
    computed_at    timestamptz not null,
    primary key (definition_id, activity_id)
);

-- A decision of the push engine about one task: candidates, scores, who was filtered out by what. Deleted by retention.
create table distribution_decision (
    id             uuid primary key,
    task_id        uuid not null references task (id) on delete cascade,
    team           text,
    at             timestamptz not null,
    policy         text not null,
    policy_version integer not null,
    -- What asked for it: a task opened, a person became free, an offer was declined, ...
    trigger        text not null,
    -- Null when nobody could be chosen; `document` says why.
    person_id      uuid references person (id),
    -- Computed without acting.
    shadow         boolean not null default false,
    document       json not null
);
create index distribution_decision_task on distribution_decision (task_id, at desc);
create index distribution_decision_at on distribution_decision (at);

-- A task offered to one person until they accept, decline or let it expire, or until it is withdrawn.
create table task_offer (
    id          uuid primary key,
    task_id     uuid not null references task (id) on delete cascade,
    person_id   uuid not null references person (id),
    decision_id uuid references distribution_decision (id) on delete set null,
    state       text not null check (state in ('Open', 'Accepted', 'Declined', 'Expired', 'Withdrawn')),
    -- Why it was declined or withdrawn, or accepted without an answer.
    reason      text,
    -- Who pushed it by hand; null for the push engine.
    pushed_by   text,
    weight      integer not null,
    work_kind   text not null,
    offered_at  timestamptz not null,
    expires_at  timestamptz not null,
    -- Whether the task is assigned to them when nobody answers in time, as they were told.
    assigns     boolean not null default false,
    ended_at    timestamptz,
    check ((state = 'Open') = (ended_at is null))
);
-- At most one open offer a task.
create unique index task_offer_open on task_offer (task_id) where state = 'Open';
create index task_offer_person on task_offer (person_id) where state = 'Open';
create index task_offer_expiry on task_offer (expires_at) where state = 'Open';
create index task_offer_task on task_offer (task_id, offered_at desc);
create index task_offer_offered on task_offer (offered_at);

-- Tasks and people the push engine must look at: written with the change that calls for it, deleted with the decision.
create table distribution_request (
    id      bigint generated always as identity primary key,
    team    text not null,
    task_id uuid references task (id) on delete cascade,
    person_id uuid references person (id),
    trigger text not null,
    at      timestamptz not null
);
create index distribution_request_team on distribution_request (team, id);

-- Where the distribution of a team stands. Its row is the lock of its decisions: one host decides for a team at a time.
create table distribution_team (
    team      text primary key references team (key) on delete cascade,
    -- Number of tasks given out: late ones get their share of them.
    turn      bigint not null default 0,
    looked_at timestamptz not null
);

-- A policy that someone edits, until someone else publishes it.
create table distribution_draft (
    team       text primary key references team (key) on delete cascade,
    document   json not null,
    -- Version that was in force when it was begun.
    based_on   integer not null,
    author     text not null,
    changed_at timestamptz not null,
    revision   integer not null default 1
);
