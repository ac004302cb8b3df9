-- The address that a link was mailed to; null: it was handed over in another way.
alter table own_view_link add column sent_to text;

-- Whether the end of the case was seen to: links stay valid for a while, and who has one by mail is asked for a rating.
alter table own_view_link add column saw_end boolean not null default false;
create index own_view_link_ends on own_view_link (case_id) where not saw_end;
