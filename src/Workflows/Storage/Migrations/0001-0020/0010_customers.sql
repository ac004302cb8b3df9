-- Text as searches compare it: in small letters, without accents, and with one spelling of what is written in several ways (ß and ss, ü, ue and u,
-- the dotted and the dotless i) or sounds alike (v and w, c and k, ph and f, one letter or two). This is the one place that says so; what is searched
-- and what is searched for both go through it. A beginning of a text becomes a beginning of the other.
-- In plpgsql, whose plans a session keeps: the start of a case calls it.
create function fold(value text) returns text immutable strict parallel safe language plpgsql as $$
begin
    return regexp_replace(replace(replace(replace(replace(replace(replace(
        translate(lower(regexp_replace(normalize(value, nfkd), '[\u0300-\u036f]+', '', 'g')), 'ıøłđæœwyzc''’', 'ioldaovisk'),
        'ß', 'ss'), 'ae', 'a'), 'oe', 'o'), 'ue', 'u'), 'ph', 'f'), 'th', 't'), '([a-z])\1+', '\1', 'g');
end $$;

-- A customer: someone with cases, or who may have some. The number is what cases name them by.
create table customer (
    id               uuid primary key,
    number           text not null unique check (number <> '' and length(number) <= 100),
    name             text not null check (name <> '' and length(name) <= 200),
    other_names      text[] not null default '{}',
    emails           text[] not null default '{}',
    phones           text[] not null default '{}',
    addresses        text[] not null default '{}',
    -- Tags such as en or pt-BR.
    languages        text[] not null default '{}',
    born_on          date,
    -- What they agreed to: [{what, since, withdrawn}].
    consents         json not null default '[]',
    -- Why they need particular care; null: nobody said so. Only some roles may see it.
    vulnerability    text check (vulnerability <> ''),
    vulnerable_since timestamptz,
    -- A duplicate leads to the record that it was merged into; its cases and contacts keep its number, so that this can be undone.
    merged_into      uuid references customer (id),
    -- Where that leads in the end: the record itself unless it was merged.
    survivor         uuid not null references customer (id),
    revision         integer not null default 1,
    created_by       text not null,
    created_at       timestamptz not null,
    changed_at       timestamptz not null,
    check ((vulnerability is null) = (vulnerable_since is null)),
    check ((merged_into is null) = (survivor = id))
);
create index customer_newest on customer (created_at desc, id desc) where merged_into is null;
create index customer_survivor on customer (survivor);
create index customer_merged on customer (merged_into) where merged_into is not null;

-- What others call them: a policy, a tax number, an account.
create table customer_identifier (
    kind         text not null check (kind ~ '^[a-z][a-z0-9-]*$'),
    value        text not null check (value <> '' and length(value) <= 100),
    customer_id  uuid not null references customer (id),
    constraint customer_identifier_taken primary key (kind, value)
);
create index customer_identifier_customer on customer_identifier (customer_id);

-- What the search of customers looks in, folded; each word after a blank.
create table customer_search (
    customer_id  uuid primary key references customer (id) on delete cascade,
    words        text not null
);
create index customer_search_words on customer_search using gin (words gin_trgm_ops);

-- The words of names and numbers. Punctuation inside of them ends a word.
create function customer_words(number text, name text, others text[], emails text[], phones text[], identifiers text[]) returns text immutable
parallel safe language plpgsql as $$
begin
    return fold(' ' || number || ' ' || translate(name, '-.,', '   ') || ' ' || translate(array_to_string(others || emails, ' '), '-.,', '   ') || ' '
        || translate(regexp_replace(array_to_string(phones, '|'), '[^0-9|]', '', 'g'), '|', ' ') || ' ' || array_to_string(identifiers, ' '));
end $$;

-- When we spoke with a customer, wrote to them, or heard from them.
create table customer_contact (
    id           uuid primary key,
    customer_id  uuid not null references customer (id),
    channel      text not null check (channel in ('Call', 'Email', 'Letter', 'Portal', 'Visit')),
    -- Whether the customer came to us.
    incoming     boolean not null,
    outcome      text not null check (outcome in ('Answered', 'CallBackPromised', 'MessageLeft', 'NotReached', 'Received', 'Sent')),
    note         text not null default '' check (length(note) <= 4000),
    -- What it was about; null: nothing in particular.
    case_id      uuid references workflow_instance (id) on delete set null,
    task_id      uuid references task (id) on delete set null,
    -- Whether it is a message that the customer reads, or wrote, in their own view.
    shared       boolean not null default false,
    at           timestamptz not null,
    recorded_by  text not null
);
create index customer_contact_customer on customer_contact (customer_id, at desc, id desc);
create index customer_contact_case on customer_contact (case_id) where case_id is not null;

-- Promises that are neither kept, broken nor withdrawn: few of all clocks, and what the front office looks at all day.
create table open_promise (
    clock_id     uuid primary key references sla_clock (id) on delete cascade,
    instance_id  uuid not null references workflow_instance (id) on delete cascade,
    due_at       timestamptz not null
);
create index open_promise_due on open_promise (due_at);
create index open_promise_instance on open_promise (instance_id);

-- Names of files and comments, for the search.
create index task_attachment_words on task_attachment using gin (fold(' ' || name) gin_trgm_ops);
create index task_comment_words on task_comment using gin (fold(' ' || body) gin_trgm_ops);

-- The customers of cases that were there before customers were records.
with made as (
    insert into customer (id, number, name, survivor, created_by, created_at, changed_at)
        select n.id, n.customer_id, n.customer_name, n.id, n.created_by, n.created_at, n.created_at
        from (select distinct on (customer_id) gen_random_uuid() id, customer_id, customer_name, created_by, created_at from journey_case
            where test_by is null order by customer_id, created_at desc) n
    returning id, number, name)
insert into customer_search (customer_id, words) select m.id, customer_words(m.number, m.name, '{}', '{}', '{}', '{}') from made m;
