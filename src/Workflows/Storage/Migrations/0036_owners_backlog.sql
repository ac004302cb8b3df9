-- The run whose task an article is to its owners, and what for: a draft that waits for approval, or a check that is overdue.
alter table guidance_article add column work_run uuid;
alter table guidance_article add column work_kind text check (work_kind in ('Draft', 'Check'));
alter table guidance_article add check ((work_run is null) = (work_kind is null));

-- When to look whether it needs a task, or no longer does; null: never.
alter table guidance_article add column look_at timestamptz;
create index guidance_article_work on guidance_article (work_run) where work_run is not null;
create index guidance_article_look on guidance_article (look_at);
update guidance_article set look_at = now();
