-- Guidance: what the people who work on a step should know, and the letters they send. A team owns each article.
create table guidance_article (
    id           uuid primary key,
    team         text not null references team (key),
    -- What is being written, until it is published; null: nothing.
    draft        json,
    draft_state  text check (draft_state in ('Draft', 'InReview')),
    -- Everyone whose words are in the draft: none of them can approve it.
    writers      text[] not null default '{}',
    -- Why it came back from review.
    review_note  text,
    revision     integer not null default 1,
    changed_by   text not null,
    changed_at   timestamptz not null,
    created_by   text not null,
    created_at   timestamptz not null,
    -- The published version; null: there is none yet.
    version      integer,
    title        text not null check (title <> '' and length(title) <= 200),
    kind         text not null check (kind in ('Article', 'Letter', 'Email')),
    audience     text not null check (audience in ('Internal', 'Customer')),
    language     text not null,
    rules        text[] not null default '{}',
    published_at timestamptz,
    -- When someone has to check that it is still right.
    review_on    date,
    retired_at   timestamptz,
    check ((draft is null) = (draft_state is null)),
    check ((version is null) = (published_at is null)),
    check (draft is not null or version is not null)
);
create index guidance_article_changed on guidance_article (changed_at desc, id desc);
create index guidance_article_team on guidance_article (team, changed_at desc, id desc);
create index guidance_article_overdue on guidance_article (review_on) where version is not null and retired_at is null;
create index guidance_article_review on guidance_article (team) where draft_state = 'InReview';

-- What was published. Versions are never changed.
create table guidance_version (
    article_id   uuid not null references guidance_article (id),
    number       integer not null,
    content      json not null,
    written_by   text[] not null,
    approved_by  text not null,
    published_at timestamptz not null,
    primary key (article_id, number),
    check (not approved_by = any(written_by))
);

-- Where a published article is shown.
create table guidance_pin (
    article_id uuid not null references guidance_article (id),
    place      integer not null,
    journey    text,
    -- Null: every version of the journey.
    version    integer,
    -- Null: every step of the journey.
    step       text,
    -- Field of the step's form, and outcome of the step.
    field      text,
    outcome    text,
    skill      text,
    primary key (article_id, place),
    check ((journey is null) <> (skill is null)),
    check (step is not null or field is null and outcome is null),
    check (journey is not null or step is null and version is null)
);
create index guidance_pin_step on guidance_pin (journey, step) where journey is not null;
create index guidance_pin_skill on guidance_pin (skill) where skill is not null;

-- What the search of guidance looks in: folded words, each after a blank; and the characters, alone and in pairs, of scripts that don't separate words.
create table guidance_search (
    article_id uuid primary key references guidance_article (id),
    title      text not null,
    words      text not null,
    characters text[] not null
);
create index guidance_search_title on guidance_search using gin (title gin_trgm_ops);
create index guidance_search_words on guidance_search using gin (words gin_trgm_ops);
create index guidance_search_characters on guidance_search using gin (characters);

-- Punctuation, but not an apostrophe, ends a word. Named by code, so that the locale of the database doesn't matter.
create function guidance_words(value text) returns text immutable strict parallel safe language plpgsql as $$
begin
    return fold(' ' || regexp_replace(value,
        '[\u0001-\u0026\u0028-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u2000-\u2018\u201a-\u206f\u3000-\u303f\uff00-\uff0f\uff1a-\uff20]+', ' ', 'g'));
end $$;

-- How often an article was used, by day; the clicks it took to get there, and how often these were more than our goal.
create table guidance_use (
    article_id uuid not null references guidance_article (id),
    day        date not null,
    kind       text not null check (kind in ('Shown', 'Opened', 'Copied', 'Sent', 'Shared', 'Helped', 'Read')),
    uses       integer not null,
    clicks     integer not null default 0,
    slow       integer not null default 0,
    primary key (article_id, day, kind)
);
create index guidance_use_day on guidance_use (day);

-- Searches in guidance that found nothing, by day.
create table guidance_miss (
    day      date not null,
    question text not null check (question <> '' and length(question) <= 200),
    times    integer not null,
    primary key (day, question)
);

-- What people said about guidance. Each is a task of the owning team, whose outcome settles it.
create table guidance_note (
    id           uuid primary key,
    kind         text not null check (kind in ('OutOfDate', 'NoAnswer', 'Proposal')),
    -- Null: about nothing that there is.
    article_id   uuid references guidance_article (id),
    team         text not null references team (key),
    body         text not null check (body <> '' and length(body) <= 4000),
    -- The text that is proposed instead of the article's.
    suggested    text check (length(suggested) <= 40000),
    -- The step at which it came up.
    task_id      uuid references task (id) on delete set null,
    instance_id  uuid not null references workflow_instance (id) on delete cascade,
    written_by   text not null,
    written_at   timestamptz not null,
    check (kind = 'NoAnswer' or article_id is not null)
);
create index guidance_note_team on guidance_note (team, written_at desc);
create index guidance_note_article on guidance_note (article_id, written_at desc);
create index guidance_note_writer on guidance_note (written_by, written_at desc);
create index guidance_note_instance on guidance_note (instance_id);

-- Links by which customers read an article. The text behind one is approved for customers; the code keeps strangers from listing them.
create table guidance_share (
    id         uuid primary key,
    article_id uuid not null references guidance_article (id),
    code       text not null unique check (length(code) = 22),
    shared_by  text not null,
    shared_at  timestamptz not null,
    revoked_by text,
    revoked_at timestamptz,
    views      integer not null default 0,
    viewed_at  timestamptz,
    check ((revoked_at is null) = (revoked_by is null))
);
create index guidance_share_article on guidance_share (article_id, shared_at desc);
