-- Whether a customer wrote it and nobody has answered it yet, or said that it needs no answer.
alter table customer_contact add column waits boolean not null default false;
create index customer_contact_waiting on customer_contact (at) where waits;
