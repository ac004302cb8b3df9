-- An event that is addressed to an instance which does not wait for it is told to its observer all the same: clocks follow it.
alter table stimulus drop constraint stimulus_kind_check;
alter table stimulus add check (kind in ('publish', 'resume', 'start', 'child', 'cancel', 'tell'));
