-- Up to what amount people of a role may decide at the steps of a journey that name the field of the amount. As soon as there is a limit for a field,
-- only people with a limit decide on it.
create table authority_limit (
    -- A shipped role, or the key of a custom_role.
    role        text not null,
    -- Definition whose steps decide on the amount, and the field of their forms.
    journey     text not null check (journey <> ''),
    field       text not null check (field <> ''),
    -- ISO 4217; empty: amounts of every currency.
    currency    text not null default '' check (currency ~ '^([A-Z]{3})?$'),
    -- The highest amount; null: no limit.
    amount      numeric check (amount >= 0),
    revision    integer not null default 1,
    created_at  timestamptz not null,
    updated_at  timestamptz not null,
    primary key (role, journey, field, currency)
);
create index authority_limit_field on authority_limit (journey, field);
