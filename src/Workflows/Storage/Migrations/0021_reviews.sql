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

-- Customers whose records nobody opens without a reason, unless they work for them. It counts for the duplicates that were merged with one, too.
create table sensitive_customer (
    customer_id  uuid primary key references customer (id),
    kind         text not null check (kind in ('Relative', 'PublicFigure', 'Vulnerable', 'Threatened', 'Other')),
    reason       text not null check (reason <> '' and length(reason) <= 500),
    marked_by    text not null,
    marked_at    timestamptz not null
);

-- Whether a person has to give a reason before they open a record, its cases and their tasks: it is sensitive; they have no open task or offer there, had no
-- contact with the customer in the last eight hours, and gave no reason in that time.
create function is_guarded(record uuid, who uuid, now timestamptz) returns boolean stable language sql as $$
    select exists (select from sensitive_customer s join customer m on m.id = s.customer_id where m.survivor = record)
        and not exists (select from customer m join access_log l on l.subject_id = m.id where m.survivor = record and l.kind = 'customer'
            and l.person_id = who and l.reason is not null and l.at > now - interval '8 hours' and l.at <= now)
        and not exists (select from customer m join customer_contact n on n.customer_id = m.id join person p on p.user_name = n.recorded_by
            where m.survivor = record and p.id = who and n.at > now - interval '8 hours' and n.at <= now)
        and not exists (select from customer m join journey_case c on c.customer_id = m.number
            cross join lateral (select c.id union all select i.id from workflow_instance i where i.parent_id = c.id) run
            join task t on t.instance_id = run.id and t.ended_at is null
            where m.survivor = record and (who in (t.owner_id, t.reviewer_id)
                or exists (select from task_offer o where o.task_id = t.id and o.person_id = who and o.state = 'Open')))
$$;

-- The same for the customer with a number. Almost always there are no sensitive customers, which is found out first.
create function is_guarded_number(customer_number text, who uuid, now timestamptz) returns boolean stable language sql as $$
    select exists (select from sensitive_customer)
        and coalesce((select is_guarded(m.survivor, who, now) from customer m where m.number = customer_number), false)
$$;

-- Takes what people wrote as a reason out of the log of access to erased customers. Runs with the rights of the owner of the tables.
create function erase_access_reasons(customers uuid[]) returns bigint language plpgsql security definer set search_path = public, pg_temp as $$
declare
    erased bigint;
begin
    perform set_config('orchestration.erasure', 'on', true);
    update access_log a set reason = null where a.subject_id = any(customers) and a.reason is not null and a.what = '';
    get diagnostics erased = row_count;
    perform set_config('orchestration.erasure', 'off', true);
    return erased;
end $$;
