-- Whether a customer wrote it and nobody has answered it yet, or said that it needs no answer.
alter table customer_contact add column waits boolean not null default false;
create index customer_contact_waiting on customer_contact (at) where waits;

-- How often the customer agreed to a later date. What is said of its chance is of the last one.
alter table promise add column moves integer not null default 0;

-- Where guidance was used: each place has its own goal for clicks.
alter table guidance_use add column place text not null default 'Task' check (place in ('Task', 'Customer', 'Page'));
alter table guidance_use drop constraint guidance_use_pkey, add primary key (article_id, day, kind, place);
