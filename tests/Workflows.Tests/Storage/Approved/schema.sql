-- The schema that all migrations together make. SchemaTests writes this file; nothing runs it.

create table access_flag (
    id uuid not null,
    rule text not null,
    person_id uuid not null,
    access_id uuid not null,
    at timestamp with time zone not null,
    reason text not null,
    found_at timestamp with time zone not null,
    once text not null,
    constraint access_flag_access_id_fkey FOREIGN KEY (access_id) REFERENCES access_log(id),
    constraint access_flag_once_key UNIQUE (once),
    constraint access_flag_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
    constraint access_flag_pkey PRIMARY KEY (id),
    constraint access_flag_rule_check CHECK (rule = ANY (ARRAY['no-relation'::text, 'many-customers'::text, 'off-shift'::text]))
);
CREATE INDEX access_flag_access ON access_flag USING btree (access_id);
CREATE INDEX access_flag_at ON access_flag USING btree (at DESC, id DESC);

create table access_log (
    id uuid not null,
    at timestamp with time zone not null,
    until_at timestamp with time zone not null,
    opens integer not null,
    person_id uuid not null,
    kind text not null,
    subject_id uuid,
    what text not null default ''::text,
    origin text not null,
    session_id uuid,
    source text not null,
    reason text,
    constraint access_log_check CHECK (until_at >= at),
    constraint access_log_kind_check CHECK (kind = ANY (ARRAY['customer'::text, 'case'::text, 'task'::text, 'document'::text, 'search'::text, 'export'::text])),
    constraint access_log_opens_check CHECK (opens > 0),
    constraint access_log_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
    constraint access_log_pkey PRIMARY KEY (id),
    constraint access_log_reason_check CHECK (length(reason) <= 500),
    constraint access_log_source_check CHECK (source = ANY (ARRAY['page'::text, 'api'::text, 'job'::text])),
    constraint access_log_what_check CHECK (length(what) <= 1000)
);
CREATE INDEX access_log_at ON access_log USING btree (at DESC, id DESC);
CREATE INDEX access_log_person ON access_log USING btree (person_id, at DESC, id DESC);
CREATE INDEX access_log_subject ON access_log USING btree (subject_id, at DESC, id DESC) WHERE (subject_id IS NOT NULL);
CREATE TRIGGER access_append_only BEFORE DELETE ON access_log FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER access_counting BEFORE UPDATE ON access_log FOR EACH ROW EXECUTE FUNCTION refuse_unless_counting();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON access_log FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

create table access_review (
    one boolean not null default true,
    seen_at timestamp with time zone not null,
    constraint access_review_one_check CHECK (one),
    constraint access_review_pkey PRIMARY KEY (one)
);

create table alteration_job (
    id uuid not null,
    plan_id text not null,
    instance_id uuid not null,
    state text not null,
    log json,
    created_at timestamp with time zone not null,
    ended_at timestamp with time zone,
    constraint alteration_job_check CHECK ((state = 'Pending'::text) = (ended_at IS NULL) AND (state = 'Pending'::text) = (log IS NULL)),
    constraint alteration_job_pkey PRIMARY KEY (id),
    constraint alteration_job_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES alteration_plan(id) ON DELETE CASCADE,
    constraint alteration_job_state_check CHECK (state = ANY (ARRAY['Pending'::text, 'Completed'::text, 'Failed'::text]))
);
CREATE INDEX alteration_job_plan ON alteration_job USING btree (plan_id, id);

create table alteration_plan (
    id text not null,
    alterations json not null,
    filter json not null,
    actor text not null,
    reason text,
    created_at timestamp with time zone not null,
    constraint alteration_plan_pkey PRIMARY KEY (id)
);

create table authority_limit (
    role text not null,
    journey text not null,
    field text not null,
    currency text not null default ''::text,
    amount numeric,
    revision integer not null default 1,
    created_at timestamp with time zone not null,
    updated_at timestamp with time zone not null,
    constraint authority_limit_amount_check CHECK (amount >= 0::numeric),
    constraint authority_limit_currency_check CHECK (currency ~ '^([A-Z]{3})?$'::text),
    constraint authority_limit_field_check CHECK (field <> ''::text),
    constraint authority_limit_journey_check CHECK (journey <> ''::text),
    constraint authority_limit_pkey PRIMARY KEY (role, journey, field, currency)
);
CREATE INDEX authority_limit_field ON authority_limit USING btree (journey, field);

create table background_work (
    id uuid not null,
    kind text not null,
    requested_by uuid not null,
    requested_at timestamp with time zone not null,
    operation_id text,
    orders json not null,
    state text not null,
    enqueued boolean not null default false,
    total integer not null,
    done integer not null default 0,
    refused integer not null default 0,
    "position" text,
    result json,
    error text,
    ended_at timestamp with time zone,
    constraint background_work_check CHECK ((state = ANY (ARRAY['Done'::text, 'Failed'::text])) = (ended_at IS NOT NULL)),
    constraint background_work_done_check CHECK (done >= 0),
    constraint background_work_pkey PRIMARY KEY (id),
    constraint background_work_refused_check CHECK (refused >= 0),
    constraint background_work_requested_by_fkey FOREIGN KEY (requested_by) REFERENCES person(id),
    constraint background_work_requested_by_operation_id_key UNIQUE (requested_by, operation_id),
    constraint background_work_state_check CHECK (state = ANY (ARRAY['Queued'::text, 'Running'::text, 'Done'::text, 'Failed'::text])),
    constraint background_work_total_check CHECK (total >= 0)
);
CREATE INDEX background_work_lost ON background_work USING btree (requested_at) WHERE (NOT enqueued);
CREATE INDEX background_work_of_person ON background_work USING btree (requested_by, requested_at DESC);

create table board_snapshot (
    at timestamp with time zone not null,
    team text not null,
    definition_id text not null,
    activity_id text not null,
    open integer not null,
    waiting integer not null,
    suspended integer not null,
    at_risk integer not null,
    overdue integer not null,
    constraint board_snapshot_pkey PRIMARY KEY (at, team, definition_id, activity_id)
);

create table bookmark (
    id uuid not null,
    instance_id uuid not null,
    name text not null,
    hash text not null,
    activity_id text not null,
    route text,
    created_at timestamp with time zone not null,
    constraint bookmark_instance_id_fkey FOREIGN KEY (instance_id) REFERENCES workflow_instance(id) ON DELETE CASCADE,
    constraint bookmark_pkey PRIMARY KEY (id)
);
CREATE INDEX bookmark_hash ON bookmark USING btree (hash);
CREATE INDEX bookmark_instance ON bookmark USING btree (instance_id);

create table case_change (
    id uuid not null,
    instance_id uuid not null,
    case_id uuid not null,
    alterations json not null,
    summary text not null,
    reason text not null,
    requested_by text not null,
    requested_at timestamp with time zone not null,
    state text not null,
    decided_by text,
    decided_at timestamp with time zone,
    constraint case_change_case_id_fkey FOREIGN KEY (case_id) REFERENCES workflow_instance(id) ON DELETE CASCADE,
    constraint case_change_check CHECK ((state = 'Pending'::text) = (decided_at IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)),
    constraint case_change_check1 CHECK (state <> 'Approved'::text OR decided_by <> requested_by),
    constraint case_change_instance_id_fkey FOREIGN KEY (instance_id) REFERENCES workflow_instance(id) ON DELETE CASCADE,
    constraint case_change_pkey PRIMARY KEY (id),
    constraint case_change_state_check CHECK (state = ANY (ARRAY['Pending'::text, 'Approved'::text, 'Refused'::text]))
);
CREATE INDEX case_change_case ON case_change USING btree (case_id, requested_at DESC);
CREATE INDEX case_change_instance ON case_change USING btree (instance_id);

create table case_retention (
    case_id uuid not null,
    policy_version integer not null,
    rule text,
    jurisdiction text,
    closed_at timestamp with time zone not null,
    remove_at timestamp with time zone,
    constraint case_retention_case_id_fkey FOREIGN KEY (case_id) REFERENCES journey_case(id) ON DELETE CASCADE,
    constraint case_retention_check CHECK ((rule IS NULL) = (remove_at IS NULL)),
    constraint case_retention_pkey PRIMARY KEY (case_id)
);
CREATE INDEX case_retention_due ON case_retention USING btree (remove_at, case_id) WHERE (remove_at IS NOT NULL);
CREATE INDEX case_retention_version ON case_retention USING btree (policy_version);

create table case_search (
    case_id uuid not null,
    open boolean not null,
    created_at timestamp with time zone not null,
    words text not null,
    constraint case_search_case_id_fkey FOREIGN KEY (case_id) REFERENCES journey_case(id) ON DELETE CASCADE,
    constraint case_search_pkey PRIMARY KEY (case_id)
);
CREATE INDEX case_search_closed ON case_search USING gin (words gin_trgm_ops) WHERE (NOT open);
CREATE INDEX case_search_open ON case_search USING gin (words gin_trgm_ops) WHERE open;

create table case_viewer (
    viewer text not null collate "C",
    created_at timestamp with time zone not null,
    instance_id uuid not null,
    stands_in boolean not null,
    constraint case_viewer_instance_id_fkey FOREIGN KEY (instance_id) REFERENCES workflow_instance(id) ON DELETE CASCADE,
    constraint case_viewer_pkey PRIMARY KEY (instance_id, viewer) INCLUDE (stands_in)
);
CREATE INDEX case_viewer_list ON case_viewer USING btree (viewer, created_at, instance_id) INCLUDE (stands_in);

create table case_watcher (
    instance_id uuid not null,
    person_id uuid not null,
    added_at timestamp with time zone not null,
    constraint case_watcher_instance_id_fkey FOREIGN KEY (instance_id) REFERENCES workflow_instance(id) ON DELETE CASCADE,
    constraint case_watcher_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
    constraint case_watcher_pkey PRIMARY KEY (instance_id, person_id)
);
CREATE INDEX case_watcher_person ON case_watcher USING btree (person_id);

create table conflict (
    id uuid not null,
    person_id uuid not null,
    customer_id text not null,
    reason text not null,
    declared_by text not null,
    declared_at timestamp with time zone not null,
    lifted_by text,
    lifted_at timestamp with time zone,
    lift_reason text,
    constraint conflict_check CHECK ((lifted_at IS NULL) = (lifted_by IS NULL) AND (lifted_at IS NULL) = (lift_reason IS NULL)),
    constraint conflict_customer_id_check CHECK (customer_id <> ''::text AND length(customer_id) <= 200),
    constraint conflict_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
    constraint conflict_pkey PRIMARY KEY (id),
    constraint conflict_reason_check CHECK (reason <> ''::text AND length(reason) <= 500)
);
CREATE INDEX conflict_customer ON conflict USING btree (customer_id) WHERE (lifted_at IS NULL);
CREATE UNIQUE INDEX conflict_in_force ON conflict USING btree (person_id, customer_id) WHERE (lifted_at IS NULL);
CREATE INDEX conflict_person ON conflict USING btree (person_id, declared_at DESC);

create table custom_role (
    key text not null,
    title text not null,
    description text not null default ''::text,
    permissions text[] not null,
    revision integer not null default 1,
    created_at timestamp with time zone not null,
    updated_at timestamp with time zone not null,
    constraint custom_role_key_check CHECK (key ~ '^[a-z][a-z0-9-]{0,39}$'::text),
    constraint custom_role_pkey PRIMARY KEY (key),
    constraint custom_role_title_check CHECK (title <> ''::text)
);

create table customer (
    id uuid not null,
    number text not null,
    name text not null,
    other_names text[] not null default '{}'::text[],
    emails text[] not null default '{}'::text[],
    phones text[] not null default '{}'::text[],
    addresses text[] not null default '{}'::text[],
    languages text[] not null default '{}'::text[],
    born_on date,
    consents json not null default '[]'::json,
    vulnerability text,
    vulnerable_since timestamp with time zone,
    merged_into uuid,
    survivor uuid not null,
    revision integer not null default 1,
    created_by text not null,
    created_at timestamp with time zone not null,
    changed_at timestamp with time zone not null,
    constraint customer_check CHECK ((vulnerability IS NULL) = (vulnerable_since IS NULL)),
    constraint customer_check1 CHECK ((merged_into IS NULL) = (survivor = id)),
    constraint customer_merged_into_fkey FOREIGN KEY (merged_into) REFERENCES customer(id),
    constraint customer_name_check CHECK (name <> ''::text AND length(name) <= 200),
    constraint customer_number_check CHECK (number <> ''::text AND length(number) <= 100),
    constraint customer_number_key UNIQUE (number),
    constraint customer_pkey PRIMARY KEY (id),
    constraint customer_survivor_fkey FOREIGN KEY (survivor) REFERENCES customer(id),
    constraint customer_vulnerability_check CHECK (vulnerability <> ''::text)
);
CREATE INDEX customer_merged ON customer USING btree (merged_into) WHERE (merged_into IS NOT NULL);
CREATE INDEX customer_newest ON customer USING btree (created_at DESC, id DESC) WHERE (merged_into IS NULL);
CREATE INDEX customer_survivor ON customer USING btree (survivor);

create table customer_contact (
    id uuid not null,
    customer_id uuid not null,
    channel text not null,
    incoming boolean not null,
    outcome text not null,
    note text not null default ''::text,
    case_id uuid,
    task_id uuid,
    shared boolean not null default false,
    at timestamp with time zone not null,
    recorded_by text not null,
    waits boolean not null default false,
    constraint customer_contact_case_id_fkey FOREIGN KEY (case_id) REFERENCES workflow_instance(id) ON DELETE SET NULL,
    constraint customer_contact_channel_check CHECK (channel = ANY (ARRAY['Call'::text, 'Email'::text, 'Letter'::text, 'Portal'::text, 'Visit'::text])),
    constraint customer_contact_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customer(id),
    constraint customer_contact_note_check CHECK (length(note) <= 4000),
    constraint customer_contact_outcome_check CHECK (outcome = ANY (ARRAY['Answered'::text, 'CallBackPromised'::text, 'MessageLeft'::text, 'NotReached'::text,
        'Received'::text, 'Sent'::text])),
    constraint customer_contact_pkey PRIMARY KEY (id),
    constraint customer_contact_task_id_fkey FOREIGN KEY (task_id) REFERENCES task(id) ON DELETE SET NULL
);
CREATE INDEX customer_contact_case ON customer_contact USING btree (case_id) WHERE (case_id IS NOT NULL);
CREATE INDEX customer_contact_customer ON customer_contact USING btree (customer_id, at DESC, id DESC);
CREATE INDEX customer_contact_task ON customer_contact USING btree (task_id) WHERE (task_id IS NOT NULL);
CREATE INDEX customer_contact_waiting ON customer_contact USING btree (at) WHERE waits;

create table customer_identifier (
    kind text not null,
    value text not null,
    customer_id uuid not null,
    constraint customer_identifier_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customer(id),
    constraint customer_identifier_kind_check CHECK (kind ~ '^[a-z][a-z0-9-]*$'::text),
    constraint customer_identifier_taken PRIMARY KEY (kind, value),
    constraint customer_identifier_value_check CHECK (value <> ''::text AND length(value) <= 100)
);
CREATE INDEX customer_identifier_customer ON customer_identifier USING btree (customer_id);

create table customer_search (
    customer_id uuid not null,
    words text not null,
    constraint customer_search_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customer(id) ON DELETE CASCADE,
    constraint customer_search_pkey PRIMARY KEY (customer_id)
);
CREATE INDEX customer_search_words ON customer_search USING gin (words gin_trgm_ops);

create table data_protection_key (
    name text not null,
    xml text not null,
    constraint data_protection_key_pkey PRIMARY KEY (name)
);

create table deadline (
    id uuid not null,
    kind text not null,
    due_at timestamp with time zone not null,
    instance_id uuid not null,
    subject_id uuid not null,
    rung integer not null default 0,
    generation integer not null default 0,
    attempts integer not null default 0,
    last_error text,
    constraint deadline_instance_id_fkey FOREIGN KEY (instance_id) REFERENCES workflow_instance(id) ON DELETE CASCADE,
    constraint deadline_pkey PRIMARY KEY (id)
) with (fillfactor=80);
CREATE INDEX deadline_due ON deadline USING btree (kind, due_at);
CREATE INDEX deadline_subject ON deadline USING btree (subject_id);

create table demo_office (
    id boolean not null default true,
    begun_at timestamp with time zone not null,
    done_at timestamp with time zone,
    constraint demo_office_id_check CHECK (id),
    constraint demo_office_pkey PRIMARY KEY (id)
);

create table digest_sent (
    person_id uuid not null,
    week date not null,
    at timestamp with time zone not null,
    constraint digest_sent_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
    constraint digest_sent_pkey PRIMARY KEY (person_id, week)
);

create table distribution_decision (
    id uuid not null,
    task_id uuid not null,
    team text,
    at timestamp with time zone not null,
    policy text not null,
    policy_version integer not null,
    trigger text not null,
    person_id uuid,
    shadow boolean not null default false,
    document json not null,
    constraint distribution_decision_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
    constraint distribution_decision_pkey PRIMARY KEY (id),
    constraint distribution_decision_task_id_fkey FOREIGN KEY (task_id) REFERENCES task(id) ON DELETE CASCADE
);
CREATE INDEX distribution_decision_at ON distribution_decision USING btree (at);
CREATE INDEX distribution_decision_task ON distribution_decision USING btree (task_id, at DESC);

create table distribution_draft (
    team text not null,
    document json not null,
    based_on integer not null,
    author text not null,
    changed_at timestamp with time zone not null,
    revision integer not null default 1,
    replay json,
    replay_revision integer,
    replay_days integer,
    replay_at timestamp with time zone,
    constraint distribution_draft_pkey PRIMARY KEY (team),
    constraint distribution_draft_team_fkey FOREIGN KEY (team) REFERENCES team(key) ON DELETE CASCADE
);

create table distribution_request (
    id bigint not null generated always as identity,
    team text not null,
    task_id uuid,
    person_id uuid,
    trigger text not null,
    at timestamp with time zone not null,
    constraint distribution_request_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
    constraint distribution_request_pkey PRIMARY KEY (id),
    constraint distribution_request_task_id_fkey FOREIGN KEY (task_id) REFERENCES task(id) ON DELETE CASCADE
);
CREATE INDEX distribution_request_team ON distribution_request USING btree (team, id);
create sequence distribution_request_id_seq;

create table distribution_team (
    team text not null,
    turn bigint not null default 0,
    looked_at timestamp with time zone not null,
    constraint distribution_team_pkey PRIMARY KEY (team),
    constraint distribution_team_team_fkey FOREIGN KEY (team) REFERENCES team(key) ON DELETE CASCADE
);

create table effect (
    id uuid not null,
    kind text not null,
    instance_id uuid,
    bookmark_id uuid,
    activity_id text,
    payload json not null,
    state text not null,
    due_at timestamp with time zone not null,
    attempts integer not null default 0,
    last_error text,
    created_at timestamp with time zone not null,
    constraint effect_instance_id_fkey FOREIGN KEY (instance_id) REFERENCES workflow_instance(id) ON DELETE CASCADE,
    constraint effect_pkey PRIMARY KEY (id),
    constraint effect_state_check CHECK (state = ANY (ARRAY['pending'::text, 'dead'::text]))
);
CREATE INDEX effect_dead ON effect USING btree (created_at DESC, id) WHERE (state = 'dead'::text);
CREATE INDEX effect_due ON effect USING btree (due_at) WHERE (state = 'pending'::text);

create table ended_session (
    id uuid not null,
    person_id uuid not null,
    expires_at timestamp with time zone not null,
    constraint ended_session_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
    constraint ended_session_pkey PRIMARY KEY (id)
);
CREATE INDEX ended_session_person ON ended_session USING btree (person_id);

create table erasure_request (
    id uuid not null,
    customer_id uuid not null,
    reason text not null,
    requested_by text not null,
    requested_at timestamp with time zone not null,
    state text not null,
    decided_by text,
    decided_at timestamp with time zone,
    note text,
    done_at timestamp with time zone,
    receipt json,
    constraint erasure_request_check CHECK ((state = 'Requested'::text) = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)),
    constraint erasure_request_check1 CHECK ((state <> ALL (ARRAY['Waiting'::text, 'Done'::text])) OR decided_by <> requested_by),
    constraint erasure_request_check2 CHECK ((state = 'Done'::text) = (receipt IS NOT NULL) AND (state = 'Done'::text) = (done_at IS NOT NULL)),
    constraint erasure_request_pkey PRIMARY KEY (id),
    constraint erasure_request_reason_check CHECK (reason <> ''::text AND length(reason) <= 1000),
    constraint erasure_request_state_check CHECK (state = ANY (ARRAY['Requested'::text, 'Waiting'::text, 'Done'::text, 'Refused'::text]))
);
CREATE INDEX erasure_request_newest ON erasure_request USING btree (requested_at DESC, id DESC);
CREATE UNIQUE INDEX erasure_request_open ON erasure_request USING btree (customer_id) WHERE (state = ANY (ARRAY['Requested'::text, 'Waiting'::text]));

create table event (
    chain_id uuid not null,
    sequence integer not null,
    at timestamp with time zone not null,
    actor text not null,
    action text not null,
    entity text not null,
    entity_id text not null,
    revision bigint not null,
    activity_id text,
    node_id text,
    activity_type text,
    commitment bytea,
    leaf bytea not null,
    salt bytea,
    payload json,
    xact bigint not null default ((pg_current_xact_id())::text)::bigint,
    constraint event_pkey PRIMARY KEY (chain_id, sequence, at)
) partition by RANGE (at);
CREATE INDEX event_action ON ONLY event USING btree (action, at, chain_id, sequence) WHERE (entity <> 'activity'::text);
CREATE INDEX event_actor ON ONLY event USING btree (actor, at, chain_id, sequence) WHERE (entity <> 'activity'::text);
CREATE INDEX event_at ON ONLY event USING brin (at);
CREATE INDEX event_xact ON ONLY event USING brin (xact) WITH (pages_per_range='16', autosummarize='on');
CREATE TRIGGER event_append_only BEFORE DELETE ON event FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER event_erasure BEFORE UPDATE ON event FOR EACH ROW EXECUTE FUNCTION refuse_unless_erasing();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON event FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

create table event_chain (
    id uuid not null,
    name text not null,
    event_sequence integer not null,
    event_head bytea not null,
    constraint event_chain_name_key UNIQUE (name),
    constraint event_chain_pkey PRIMARY KEY (id)
);

create table event_default partition of event DEFAULT;
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON event_default FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

create table export_file (
    id uuid not null,
    format text not null,
    journey text,
    started_from timestamp with time zone,
    started_before timestamp with time zone,
    reason text not null,
    requested_by text not null,
    requested_at timestamp with time zone not null,
    state text not null,
    phase smallint not null default 0,
    after_case uuid,
    activities text[] not null default '{}'::text[],
    people text[] not null default '{}'::text[],
    cases bigint not null default 0,
    events bigint not null default 0,
    size bigint not null default 0,
    error text,
    ended_at timestamp with time zone,
    keep_days integer not null default 7,
    schedule_id uuid,
    constraint export_file_check CHECK ((state = ANY (ARRAY['Done'::text, 'Failed'::text])) = (ended_at IS NOT NULL)),
    constraint export_file_format_check CHECK (format = ANY (ARRAY['xes'::text, 'ocel'::text, 'csv'::text, 'parquet'::text])),
    constraint export_file_pkey PRIMARY KEY (id),
    constraint export_file_reason_check CHECK (reason <> ''::text AND length(reason) <= 1000),
    constraint export_file_state_check CHECK (state = ANY (ARRAY['Queued'::text, 'Running'::text, 'Done'::text, 'Failed'::text]))
);
CREATE INDEX export_file_newest ON export_file USING btree (requested_at DESC, id DESC);
CREATE INDEX export_file_open ON export_file USING btree (requested_at) WHERE (state = ANY (ARRAY['Queued'::text, 'Running'::text]));

create table export_part (
    file_id uuid not null,
    number integer not null,
    content bytea not null storage external,
    constraint export_part_file_id_fkey FOREIGN KEY (file_id) REFERENCES export_file(id) ON DELETE CASCADE,
    constraint export_part_pkey PRIMARY KEY (file_id, number)
);

create table export_schedule (
    id uuid not null,
    format text not null,
    journey text,
    last_days integer,
    cron text not null,
    calendar text not null,
    keep_days integer not null,
    reason text not null,
    created_by uuid not null,
    created_at timestamp with time zone not null,
    next_at timestamp with time zone,
    stopped text,
    constraint export_schedule_check CHECK ((next_at IS NULL) = (stopped IS NOT NULL)),
    constraint export_schedule_created_by_fkey FOREIGN KEY (created_by) REFERENCES person(id),
    constraint export_schedule_keep_days_check CHECK (keep_days > 0),
    constraint export_schedule_last_days_check CHECK (last_days > 0),
    constraint export_schedule_pkey PRIMARY KEY (id),
    constraint export_schedule_reason_check CHECK (reason <> ''::text AND length(reason) <= 1000)
);
CREATE INDEX export_schedule_next ON export_schedule USING btree (next_at) WHERE (next_at IS NOT NULL);

create table external_login (
    issuer text not null,
    subject text not null,
    person_id uuid not null,
    linked_at timestamp with time zone not null,
    constraint external_login_issuer_check CHECK (issuer <> ''::text),
    constraint external_login_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
    constraint external_login_pkey PRIMARY KEY (issuer, subject),
    constraint external_login_subject_check CHECK (subject <> ''::text)
);
CREATE INDEX external_login_person ON external_login USING btree (person_id);

create table finding (
    id uuid not null,
    title text not null,
    body text not null,
    severity text not null,
    case_id uuid,
    reference text,
    step text,
    event integer,
    person text,
    search text,
    team text,
    owner text,
    due_at timestamp with time zone not null,
    recorded_by text not null,
    recorded_at timestamp with time zone not null,
    constraint finding_body_check CHECK (body <> ''::text AND length(body) <= 4000),
    constraint finding_check CHECK ((team IS NULL) <> (owner IS NULL)),
    constraint finding_check1 CHECK ((case_id IS NULL) = (reference IS NULL)),
    constraint finding_check2 CHECK (step IS NULL AND event IS NULL OR case_id IS NOT NULL),
    constraint finding_event_check CHECK (event > 0),
    constraint finding_id_fkey FOREIGN KEY (id) REFERENCES workflow_instance(id) ON DELETE CASCADE,
    constraint finding_pkey PRIMARY KEY (id),
    constraint finding_search_check CHECK (length(search) <= 1000),
    constraint finding_severity_check CHECK (severity = ANY (ARRAY['Low'::text, 'Medium'::text, 'High'::text])),
    constraint finding_team_fkey FOREIGN KEY (team) REFERENCES team(key),
    constraint finding_title_check CHECK (title <> ''::text AND length(title) <= 200)
);
CREATE INDEX finding_case ON finding USING btree (case_id) WHERE (case_id IS NOT NULL);
CREATE INDEX finding_recorded ON finding USING btree (recorded_at DESC, id DESC);

create table forecast_change (
    clock_id uuid not null,
    made_at timestamp with time zone not null,
    is_first boolean not null,
    breach real not null,
    likely_at timestamp with time zone,
    due_at timestamp with time zone not null,
    constraint forecast_change_breach_check CHECK (breach >= 0::double precision AND breach <= 1::double precision),
    constraint forecast_change_clock_id_fkey FOREIGN KEY (clock_id) REFERENCES forecast_clock(clock_id) ON DELETE CASCADE,
    constraint forecast_change_pkey PRIMARY KEY (clock_id, made_at)
);

create table forecast_clock (
    clock_id uuid not null,
    breach real not null,
    likely_at timestamp with time zone,
    made_at timestamp with time zone not null,
    breached boolean,
    settled_at timestamp with time zone,
    constraint forecast_clock_breach_check CHECK (breach >= 0::double precision AND breach <= 1::double precision),
    constraint forecast_clock_clock_id_fkey FOREIGN KEY (clock_id) REFERENCES sla_clock(id) ON DELETE CASCADE,
    constraint forecast_clock_pkey PRIMARY KEY (clock_id)
);
CREATE INDEX forecast_clock_open ON forecast_clock USING btree (clock_id) WHERE (settled_at IS NULL);
CREATE INDEX forecast_clock_settled ON forecast_clock USING btree (settled_at) WHERE (settled_at IS NOT NULL);

create table forecast_fix (
    id uuid not null,
    clock_id uuid not null,
    kind text not null,
    task_id uuid,
    person_id uuid,
    team_key text,
    from_at timestamp with time zone,
    until_at timestamp with time zone,
    before real,
    after real,
    others real,
    applied_by text not null,
    applied_at timestamp with time zone not null,
    operation text not null,
    request bytea not null,
    breached boolean,
    settled_at timestamp with time zone,
    constraint forecast_fix_after_check CHECK (after >= 0::double precision AND after <= 1::double precision),
    constraint forecast_fix_before_check CHECK (before >= 0::double precision AND before <= 1::double precision),
    constraint forecast_fix_check CHECK ((before IS NULL) = (after IS NULL) AND (before IS NULL) = (others IS NULL)),
    constraint forecast_fix_clock_id_fkey FOREIGN KEY (clock_id) REFERENCES sla_clock(id) ON DELETE CASCADE,
    constraint forecast_fix_kind_check CHECK (kind = ANY (ARRAY['Reorder'::text, 'Push'::text, 'Move'::text, 'Overtime'::text, 'AskDate'::text,
        'NewDate'::text])),
    constraint forecast_fix_operation UNIQUE (applied_by, operation),
    constraint forecast_fix_pkey PRIMARY KEY (id)
);
CREATE INDEX forecast_fix_clock ON forecast_fix USING btree (clock_id, applied_at);
CREATE INDEX forecast_fix_open ON forecast_fix USING btree (clock_id) WHERE (settled_at IS NULL);
CREATE INDEX forecast_fix_settled ON forecast_fix USING btree (settled_at) WHERE (settled_at IS NOT NULL);

create table guidance_article (
    id uuid not null,
    team text not null,
    draft json,
    draft_state text,
    writers text[] not null default '{}'::text[],
    review_note text,
    revision integer not null default 1,
    changed_by text not null,
    changed_at timestamp with time zone not null,
    created_by text not null,
    created_at timestamp with time zone not null,
    version integer,
    title text not null,
    kind text not null,
    audience text not null,
    language text not null,
    rules text[] not null default '{}'::text[],
    published_at timestamp with time zone,
    review_on date,
    retired_at timestamp with time zone,
    work_run uuid,
    work_kind text,
    look_at timestamp with time zone,
    constraint guidance_article_audience_check CHECK (audience = ANY (ARRAY['Internal'::text, 'Customer'::text])),
    constraint guidance_article_check CHECK ((draft IS NULL) = (draft_state IS NULL)),
    constraint guidance_article_check1 CHECK ((version IS NULL) = (published_at IS NULL)),
    constraint guidance_article_check2 CHECK (draft IS NOT NULL OR version IS NOT NULL),
    constraint guidance_article_check3 CHECK ((work_run IS NULL) = (work_kind IS NULL)),
    constraint guidance_article_draft_state_check CHECK (draft_state = ANY (ARRAY['Draft'::text, 'InReview'::text])),
    constraint guidance_article_kind_check CHECK (kind = ANY (ARRAY['Article'::text, 'Letter'::text, 'Email'::text])),
    constraint guidance_article_pkey PRIMARY KEY (id),
    constraint guidance_article_team_fkey FOREIGN KEY (team) REFERENCES team(key),
    constraint guidance_article_title_check CHECK (title <> ''::text AND length(title) <= 200),
    constraint guidance_article_work_kind_check CHECK (work_kind = ANY (ARRAY['Draft'::text, 'Check'::text]))
);
CREATE INDEX guidance_article_changed ON guidance_article USING btree (changed_at DESC, id DESC);
CREATE INDEX guidance_article_look ON guidance_article USING btree (look_at);
CREATE INDEX guidance_article_overdue ON guidance_article USING btree (review_on) WHERE ((version IS NOT NULL) AND (retired_at IS NULL));
CREATE INDEX guidance_article_review ON guidance_article USING btree (team) WHERE (draft_state = 'InReview'::text);
CREATE INDEX guidance_article_team ON guidance_article USING btree (team, changed_at DESC, id DESC);
CREATE INDEX guidance_article_work ON guidance_article USING btree (work_run) WHERE (work_run IS NOT NULL);

create table guidance_miss (
    day date not null,
    question text not null,
    times integer not null,
    constraint guidance_miss_pkey PRIMARY KEY (day, question),
    constraint guidance_miss_question_check CHECK (question <> ''::text AND length(question) <= 200)
);

create table guidance_note (
    id uuid not null,
    kind text not null,
    article_id uuid,
    team text not null,
    body text not null,
    suggested text,
    task_id uuid,
    instance_id uuid not null,
    written_by text not null,
    written_at timestamp with time zone not null,
    constraint guidance_note_article_id_fkey FOREIGN KEY (article_id) REFERENCES guidance_article(id),
    constraint guidance_note_body_check CHECK (body <> ''::text AND length(body) <= 4000),
    constraint guidance_note_check CHECK (kind = 'NoAnswer'::text OR article_id IS NOT NULL),
    constraint guidance_note_instance_id_fkey FOREIGN KEY (instance_id) REFERENCES workflow_instance(id) ON DELETE CASCADE,
    constraint guidance_note_kind_check CHECK (kind = ANY (ARRAY['OutOfDate'::text, 'NoAnswer'::text, 'Proposal'::text])),
    constraint guidance_note_pkey PRIMARY KEY (id),
    constraint guidance_note_suggested_check CHECK (length(suggested) <= 40000),
    constraint guidance_note_task_id_fkey FOREIGN KEY (task_id) REFERENCES task(id) ON DELETE SET NULL,
    constraint guidance_note_team_fkey FOREIGN KEY (team) REFERENCES team(key)
);
CREATE INDEX guidance_note_article ON guidance_note USING btree (article_id, written_at DESC);
CREATE INDEX guidance_note_instance ON guidance_note USING btree (instance_id);
CREATE INDEX guidance_note_team ON guidance_note USING btree (team, written_at DESC);
CREATE INDEX guidance_note_writer ON guidance_note USING btree (written_by, written_at DESC);

create table guidance_pin (
    article_id uuid not null,
    place integer not null,
    journey text,
    version integer,
    step text,
    field text,
    outcome text,
    skill text,
    constraint guidance_pin_article_id_fkey FOREIGN KEY (article_id) REFERENCES guidance_article(id),
    constraint guidance_pin_check CHECK ((journey IS NULL) <> (skill IS NULL)),
    constraint guidance_pin_check1 CHECK (step IS NOT NULL OR field IS NULL AND outcome IS NULL),
    constraint guidance_pin_check2 CHECK (journey IS NOT NULL OR step IS NULL AND version IS NULL),
    constraint guidance_pin_pkey PRIMARY KEY (article_id, place)
);
CREATE INDEX guidance_pin_skill ON guidance_pin USING btree (skill) WHERE (skill IS NOT NULL);
CREATE INDEX guidance_pin_step ON guidance_pin USING btree (journey, step) WHERE (journey IS NOT NULL);

create table guidance_search (
    article_id uuid not null,
    title text not null,
    words text not null,
    characters text[] not null,
    constraint guidance_search_article_id_fkey FOREIGN KEY (article_id) REFERENCES guidance_article(id),
    constraint guidance_search_pkey PRIMARY KEY (article_id)
);
CREATE INDEX guidance_search_characters ON guidance_search USING gin (characters);
CREATE INDEX guidance_search_title ON guidance_search USING gin (title gin_trgm_ops);
CREATE INDEX guidance_search_words ON guidance_search USING gin (words gin_trgm_ops);

create table guidance_share (
    id uuid not null,
    article_id uuid not null,
    code text not null,
    shared_by text not null,
    shared_at timestamp with time zone not null,
    revoked_by text,
    revoked_at timestamp with time zone,
    views integer not null default 0,
    viewed_at timestamp with time zone,
    constraint guidance_share_article_id_fkey FOREIGN KEY (article_id) REFERENCES guidance_article(id),
    constraint guidance_share_check CHECK ((revoked_at IS NULL) = (revoked_by IS NULL)),
    constraint guidance_share_code_check CHECK (length(code) = 22),
    constraint guidance_share_code_key UNIQUE (code),
    constraint guidance_share_pkey PRIMARY KEY (id)
);
CREATE INDEX guidance_share_article ON guidance_share USING btree (article_id, shared_at DESC);

create table guidance_use (
    article_id uuid not null,
    day date not null,
    kind text not null,
    uses integer not null,
    clicks integer not null default 0,
    slow integer not null default 0,
    place text not null default 'Task'::text,
    constraint guidance_use_article_id_fkey FOREIGN KEY (article_id) REFERENCES guidance_article(id),
    constraint guidance_use_kind_check CHECK (kind = ANY (ARRAY['Shown'::text, 'Opened'::text, 'Copied'::text, 'Sent'::text, 'Shared'::text, 'Helped'::text,
        'Read'::text])),
    constraint guidance_use_pkey PRIMARY KEY (article_id, day, kind, place),
    constraint guidance_use_place_check CHECK (place = ANY (ARRAY['Task'::text, 'Customer'::text, 'Page'::text]))
);
CREATE INDEX guidance_use_day ON guidance_use USING btree (day);

create table guidance_version (
    article_id uuid not null,
    number integer not null,
    content json not null,
    written_by text[] not null,
    approved_by text not null,
    published_at timestamp with time zone not null,
    constraint guidance_version_article_id_fkey FOREIGN KEY (article_id) REFERENCES guidance_article(id),
    constraint guidance_version_check CHECK (NOT (approved_by = ANY (written_by))),
    constraint guidance_version_pkey PRIMARY KEY (article_id, number)
);

create table http_reply (
    id uuid not null,
    instance_id uuid not null,
    actor text not null,
    answer json,
    is_faulted boolean not null default false,
    created_at timestamp with time zone not null,
    closed_at timestamp with time zone,
    constraint http_reply_check CHECK (closed_at IS NOT NULL OR answer IS NULL AND NOT is_faulted),
    constraint http_reply_instance_id_fkey FOREIGN KEY (instance_id) REFERENCES workflow_instance(id) ON DELETE CASCADE,
    constraint http_reply_pkey PRIMARY KEY (id)
);
CREATE INDEX http_reply_closed ON http_reply USING btree (closed_at) WHERE (closed_at IS NOT NULL);
CREATE INDEX http_reply_instance ON http_reply USING btree (instance_id);

create table job_pause (
    job text not null,
    at timestamp with time zone not null,
    actor text not null,
    reason text,
    constraint job_pause_pkey PRIMARY KEY (job)
);

create table journey_case (
    id uuid not null,
    journey text not null,
    reference text not null,
    customer_id text not null,
    customer_name text not null,
    created_by text not null,
    created_at timestamp with time zone not null,
    risk_at timestamp with time zone,
    due_at timestamp with time zone,
    test_by uuid,
    constraint journey_case_id_fkey FOREIGN KEY (id) REFERENCES workflow_instance(id) ON DELETE CASCADE,
    constraint journey_case_pkey PRIMARY KEY (id),
    constraint journey_case_reference_key UNIQUE (reference),
    constraint journey_case_test_by_fkey FOREIGN KEY (test_by) REFERENCES person(id)
);
CREATE INDEX journey_case_created ON journey_case USING btree (created_at DESC, id DESC);
CREATE INDEX journey_case_customer ON journey_case USING btree (customer_id);
CREATE INDEX journey_case_due ON journey_case USING btree (due_at) WHERE (due_at IS NOT NULL);
CREATE INDEX journey_case_risk ON journey_case USING btree (risk_at, due_at) WHERE (risk_at IS NOT NULL);
CREATE TRIGGER case_held BEFORE DELETE ON journey_case FOR EACH ROW EXECUTE FUNCTION refuse_held();

create table kept_event (
    id uuid not null,
    hash text not null,
    correlation_id text,
    instance_id uuid,
    payload json not null,
    actor text,
    created_at timestamp with time zone not null,
    expires_at timestamp with time zone not null,
    constraint kept_event_check CHECK (correlation_id IS NOT NULL OR instance_id IS NOT NULL),
    constraint kept_event_pkey PRIMARY KEY (id)
);
CREATE INDEX kept_event_correlation ON kept_event USING btree (correlation_id, hash) WHERE (instance_id IS NULL);
CREATE INDEX kept_event_expires ON kept_event USING btree (expires_at);
CREATE INDEX kept_event_instance ON kept_event USING btree (instance_id, hash) WHERE (instance_id IS NOT NULL);

create table legal_hold (
    id uuid not null,
    case_id uuid,
    customer_id uuid,
    journey text,
    started_from timestamp with time zone,
    started_before timestamp with time zone,
    words text,
    reason text not null,
    placed_by text not null,
    placed_at timestamp with time zone not null,
    until_at timestamp with time zone,
    lifted_by text,
    lifted_at timestamp with time zone,
    lift_reason text,
    constraint legal_hold_check CHECK (num_nonnulls(case_id, customer_id, journey, started_from, started_before, words) > 0),
    constraint legal_hold_check1 CHECK (case_id IS NULL OR num_nonnulls(customer_id, journey, started_from, started_before, words) = 0),
    constraint legal_hold_check2 CHECK ((lifted_at IS NULL) = (lifted_by IS NULL) AND (lifted_at IS NULL) = (lift_reason IS NULL)),
    constraint legal_hold_pkey PRIMARY KEY (id),
    constraint legal_hold_reason_check CHECK (reason <> ''::text AND length(reason) <= 1000),
    constraint legal_hold_words_check CHECK (words <> ''::text AND length(words) <= 100)
);
CREATE INDEX legal_hold_in_force ON legal_hold USING btree (placed_at DESC) WHERE (lifted_at IS NULL);

create table log_chain (
    chain_id uuid not null,
    tile bigint not null,
    constraint log_chain_pkey PRIMARY KEY (chain_id, tile)
);

create table log_check (
    id uuid not null,
    started_at timestamp with time zone not null,
    ended_at timestamp with time zone,
    actor text not null,
    events bigint not null default 0,
    entries bigint not null default 0,
    findings json,
    constraint log_check_pkey PRIMARY KEY (id)
);
CREATE INDEX log_check_started ON log_check USING btree (started_at DESC);

create table log_head (
    size bigint not null,
    at timestamp with time zone not null,
    note text not null,
    constraint log_head_pkey PRIMARY KEY (size, at)
);

create table log_head_copy (
    size bigint not null,
    at timestamp with time zone not null,
    place text not null,
    held_at timestamp with time zone not null,
    receipt bytea,
    constraint log_head_copy_pkey PRIMARY KEY (size, at, place),
    constraint log_head_copy_size_at_fkey FOREIGN KEY (size, at) REFERENCES log_head(size, at) ON DELETE CASCADE
);

create table log_place (
    place text not null,
    behind_since timestamp with time zone,
    attempts integer not null default 0,
    due_at timestamp with time zone,
    error text,
    told_at timestamp with time zone,
    constraint log_place_check CHECK ((behind_since IS NULL) = (due_at IS NULL)),
    constraint log_place_check1 CHECK (behind_since IS NOT NULL OR error IS NULL AND told_at IS NULL AND attempts = 0),
    constraint log_place_pkey PRIMARY KEY (place)
);

create table log_place_host (
    place text not null,
    host text not null,
    seen_at timestamp with time zone not null,
    constraint log_place_host_pkey PRIMARY KEY (place, host)
);

create table log_state (
    one boolean not null default true,
    size bigint not null,
    horizon bigint not null,
    restored boolean not null default false,
    constraint log_state_one_check CHECK (one),
    constraint log_state_pkey PRIMARY KEY (one)
);

create table log_tile (
    level smallint not null,
    number bigint not null,
    hashes bytea not null,
    chains uuid[],
    sequences integer[],
    constraint log_tile_check CHECK ((level = 0) = (chains IS NOT NULL) AND (level = 0) = (sequences IS NOT NULL)),
    constraint log_tile_pkey PRIMARY KEY (level, number)
);

create table notification (
    id uuid not null,
    person_id uuid not null,
    kind text not null,
    title text not null,
    body text not null default ''::text,
    instance_id uuid,
    task_id uuid,
    path text,
    created_at timestamp with time zone not null,
    read_at timestamp with time zone,
    constraint notification_instance_id_fkey FOREIGN KEY (instance_id) REFERENCES workflow_instance(id) ON DELETE CASCADE,
    constraint notification_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
    constraint notification_pkey PRIMARY KEY (id),
    constraint notification_task_id_fkey FOREIGN KEY (task_id) REFERENCES task(id) ON DELETE CASCADE
);
CREATE INDEX notification_instance ON notification USING btree (instance_id) WHERE (instance_id IS NOT NULL);
CREATE INDEX notification_person ON notification USING btree (person_id, created_at DESC);
CREATE INDEX notification_task ON notification USING btree (task_id) WHERE (task_id IS NOT NULL);
CREATE INDEX notification_unread ON notification USING btree (person_id) WHERE (read_at IS NULL);

create table notification_preference (
    person_id uuid,
    email_kinds text[] not null default '{}'::text[],
    quiet_from time without time zone,
    quiet_to time without time zone,
    time_zone text not null,
    revision integer not null default 1,
    changed_at timestamp with time zone not null,
    constraint notification_preference_check CHECK ((quiet_from IS NULL) = (quiet_to IS NULL)),
    constraint notification_preference_check1 CHECK (quiet_from IS DISTINCT FROM quiet_to OR quiet_from IS NULL),
    constraint notification_preference_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
    constraint notification_preference_person_id_key UNIQUE NULLS NOT DISTINCT (person_id)
);

create table open_promise (
    clock_id uuid not null,
    instance_id uuid not null,
    due_at timestamp with time zone not null,
    constraint open_promise_clock_id_fkey FOREIGN KEY (clock_id) REFERENCES sla_clock(id) ON DELETE CASCADE,
    constraint open_promise_instance_id_fkey FOREIGN KEY (instance_id) REFERENCES workflow_instance(id) ON DELETE CASCADE,
    constraint open_promise_pkey PRIMARY KEY (clock_id)
);
CREATE INDEX open_promise_due ON open_promise USING btree (due_at);
CREATE INDEX open_promise_instance ON open_promise USING btree (instance_id);

create table operation (
    actor text not null,
    id text not null,
    request_hash bytea not null,
    answer json not null,
    created_at timestamp with time zone not null,
    constraint operation_pkey PRIMARY KEY (actor, id)
);
CREATE INDEX operation_created ON operation USING btree (created_at);

create table own_view_link (
    id uuid not null,
    code_hash bytea not null,
    case_id uuid not null,
    language text,
    asks_birth boolean not null,
    failures integer not null default 0,
    blocked_until timestamp with time zone,
    created_by text not null,
    created_at timestamp with time zone not null,
    expires_at timestamp with time zone not null,
    revoked_by text,
    revoked_at timestamp with time zone,
    sent_to text,
    saw_end boolean not null default false,
    constraint own_view_link_case_id_fkey FOREIGN KEY (case_id) REFERENCES workflow_instance(id) ON DELETE CASCADE,
    constraint own_view_link_check CHECK (expires_at > created_at),
    constraint own_view_link_check1 CHECK ((revoked_by IS NULL) = (revoked_at IS NULL)),
    constraint own_view_link_code_hash_check CHECK (length(code_hash) = 32),
    constraint own_view_link_code_hash_key UNIQUE (code_hash),
    constraint own_view_link_language_check CHECK (language = ANY (ARRAY['en'::text, 'de'::text])),
    constraint own_view_link_pkey PRIMARY KEY (id)
);
CREATE INDEX own_view_link_case ON own_view_link USING btree (case_id, created_at DESC);
CREATE INDEX own_view_link_ends ON own_view_link USING btree (case_id) WHERE (NOT saw_end);

create table own_view_rating (
    case_id uuid not null,
    satisfaction smallint not null,
    recommend smallint,
    comment text not null default ''::text,
    rated_at timestamp with time zone not null,
    changed_at timestamp with time zone not null,
    constraint own_view_rating_case_id_fkey FOREIGN KEY (case_id) REFERENCES workflow_instance(id) ON DELETE CASCADE,
    constraint own_view_rating_comment_check CHECK (length(comment) <= 2000),
    constraint own_view_rating_pkey PRIMARY KEY (case_id),
    constraint own_view_rating_recommend_check CHECK (recommend >= 0 AND recommend <= 10),
    constraint own_view_rating_satisfaction_check CHECK (satisfaction >= 1 AND satisfaction <= 5)
);

create table own_view_visit (
    link_id uuid not null,
    at timestamp with time zone not null,
    constraint own_view_visit_link_id_fkey FOREIGN KEY (link_id) REFERENCES own_view_link(id) ON DELETE CASCADE,
    constraint own_view_visit_pkey PRIMARY KEY (link_id, at)
);

create table password_link (
    token_hash bytea not null,
    person_id uuid not null,
    created_by text not null,
    created_at timestamp with time zone not null,
    expires_at timestamp with time zone not null,
    constraint password_link_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
    constraint password_link_pkey PRIMARY KEY (token_hash),
    constraint password_link_token_hash_check CHECK (length(token_hash) = 32)
);
CREATE INDEX password_link_person ON password_link USING btree (person_id);

create table performance_chain (
    chain_id uuid not null,
    parts json not null,
    constraint performance_chain_pkey PRIMARY KEY (chain_id)
);

create table performance_cursor (
    id boolean not null default true,
    xact bigint not null,
    rebuilt uuid,
    rebuild_xact bigint,
    zone text not null,
    current_at timestamp with time zone,
    constraint performance_cursor_check CHECK ((rebuilt IS NULL) = (rebuild_xact IS NULL)),
    constraint performance_cursor_id_check CHECK (id),
    constraint performance_cursor_pkey PRIMARY KEY (id)
);

create table performance_day (
    person_id uuid not null,
    measure smallint not null,
    span smallint not null,
    day date not null,
    journey text not null,
    step text not null,
    team text not null,
    clock text not null,
    bucket smallint not null,
    count bigint not null,
    total bigint not null,
    constraint performance_day_pkey PRIMARY KEY (person_id, measure, span, day, journey, step, team, clock, bucket)
) with (fillfactor=80);
CREATE INDEX performance_day_team ON performance_day USING btree (team, span, day) WHERE (person_id <> '00000000-0000-0000-0000-000000000000'::uuid);

create table performance_target (
    measure text not null,
    journey text not null default ''::text,
    step text not null default ''::text,
    team text not null default ''::text,
    good double precision not null,
    fair double precision not null,
    revision integer not null default 1,
    changed_by text not null,
    changed_at timestamp with time zone not null,
    constraint performance_target_check CHECK (step = ''::text OR journey <> ''::text),
    constraint performance_target_pkey PRIMARY KEY (measure, journey, step, team)
);

create table person (
    id uuid not null,
    user_name text not null,
    display_name text not null,
    email text,
    roles text[] not null,
    password_hash text,
    security_stamp uuid not null,
    failed_sign_ins integer not null default 0,
    locked_until timestamp with time zone,
    active boolean not null default true,
    deactivated_by text,
    deactivated_at timestamp with time zone,
    revision integer not null default 1,
    created_at timestamp with time zone not null,
    updated_at timestamp with time zone not null,
    words text not null generated always as (fold((((' '::text || replace(display_name, '-'::text, ' '::text)) || ' '::text) || user_name))) stored,
    constraint person_display_name_check CHECK (display_name <> ''::text),
    constraint person_pkey PRIMARY KEY (id),
    constraint person_user_name_check CHECK (user_name ~ '^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$'::text)
);
CREATE UNIQUE INDEX person_user_name ON person USING btree (lower(user_name));
CREATE TRIGGER person_presence AFTER UPDATE OF active ON person FOR EACH ROW EXECUTE FUNCTION look_at_presence();
CREATE TRIGGER person_unlocked AFTER UPDATE OF locked_until ON person FOR EACH ROW WHEN ((new.locked_until IS NULL)) EXECUTE FUNCTION forget_failures();

create table person_capacity (
    person_id uuid not null,
    live integer not null,
    deferred integer not null,
    revision integer not null default 1,
    constraint person_capacity_deferred_check CHECK (deferred >= 0 AND deferred <= 10000),
    constraint person_capacity_live_check CHECK (live >= 0 AND live <= 10000),
    constraint person_capacity_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
    constraint person_capacity_pkey PRIMARY KEY (person_id)
);

create table person_session (
    id uuid not null,
    person_id uuid not null,
    stamp uuid not null,
    kind text not null,
    method text not null,
    origin text not null,
    device text not null,
    started_at timestamp with time zone not null,
    seen_at timestamp with time zone not null,
    constraint person_session_kind_check CHECK (kind = ANY (ARRAY['browser'::text, 'api'::text])),
    constraint person_session_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
    constraint person_session_pkey PRIMARY KEY (id)
);
CREATE INDEX person_session_person ON person_session USING btree (person_id, seen_at DESC);
CREATE INDEX person_session_seen ON person_session USING btree (seen_at);

create table person_skill (
    person_id uuid not null,
    skill text not null,
    level integer not null,
    certified_until date,
    certificate_number text,
    certificate_issuer text,
    certified_by text,
    certified_at date,
    evidence text not null default ''::text,
    constraint person_skill_level_check CHECK (level >= 1 AND level <= 5),
    constraint person_skill_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
    constraint person_skill_pkey PRIMARY KEY (person_id, skill),
    constraint person_skill_skill_check CHECK (skill ~ '^[a-z][a-z0-9-]*$'::text),
    constraint person_skill_skill_fkey FOREIGN KEY (skill) REFERENCES skill(key)
);
CREATE INDEX person_skill_expiry ON person_skill USING btree (certified_until) WHERE (certified_until IS NOT NULL);

create table presence (
    person_id uuid not null,
    state text not null,
    reason text not null default ''::text,
    cause text not null,
    changed_by text not null,
    since timestamp with time zone not null,
    until_at timestamp with time zone,
    seen_at timestamp with time zone,
    missed_offers integer not null default 0,
    given_at timestamp with time zone,
    planned_at timestamp with time zone,
    look_at timestamp with time zone,
    revision integer not null default 1,
    constraint presence_cause_check CHECK (cause = ANY (ARRAY['Person'::text, 'Shift'::text, 'Absence'::text, 'Supervisor'::text, 'MissedOffers'::text,
        'SignOut'::text, 'Silence'::text])),
    constraint presence_missed_offers_check CHECK (missed_offers >= 0),
    constraint presence_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
    constraint presence_pkey PRIMARY KEY (person_id),
    constraint presence_reason_check CHECK (length(reason) <= 100),
    constraint presence_state_check CHECK (state = ANY (ARRAY['Available'::text, 'Away'::text, 'Training'::text, 'Leave'::text, 'OffShift'::text]))
);
CREATE INDEX presence_look ON presence USING btree (look_at) WHERE (look_at IS NOT NULL);

create table presence_change (
    person_id uuid not null,
    at timestamp with time zone not null,
    revision integer not null,
    state text not null,
    reason text not null,
    cause text not null,
    changed_by text not null,
    constraint presence_change_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
    constraint presence_change_pkey PRIMARY KEY (person_id, revision)
);
CREATE INDEX presence_change_at ON presence_change USING btree (at);
CREATE INDEX presence_change_person ON presence_change USING btree (person_id, at);

create table presence_day (
    day date not null,
    person_id uuid not null,
    present integer not null,
    engaged integer not null,
    constraint presence_day_pkey PRIMARY KEY (day, person_id)
);

create table promise (
    clock_id uuid not null,
    case_id uuid not null,
    made_by text not null,
    team text,
    step text,
    made_at timestamp with time zone not null,
    due_at timestamp with time zone not null,
    chance real,
    basis text,
    likely_at timestamp with time zone,
    reason text,
    outcome text not null default 'Open'::text,
    settled_at timestamp with time zone,
    moves integer not null default 0,
    constraint promise_basis_check CHECK (basis = ANY (ARRAY['Forecast'::text, 'Steps'::text, 'Promises'::text])),
    constraint promise_case_id_fkey FOREIGN KEY (case_id) REFERENCES workflow_instance(id) ON DELETE CASCADE,
    constraint promise_chance_check CHECK (chance >= 0::double precision AND chance <= 1::double precision),
    constraint promise_check CHECK ((outcome = 'Open'::text) = (settled_at IS NULL)),
    constraint promise_check1 CHECK ((chance IS NULL) = (basis IS NULL)),
    constraint promise_clock_id_fkey FOREIGN KEY (clock_id) REFERENCES sla_clock(id) ON DELETE CASCADE,
    constraint promise_outcome_check CHECK (outcome = ANY (ARRAY['Open'::text, 'Kept'::text, 'KeptLate'::text, 'Broken'::text, 'Withdrawn'::text])),
    constraint promise_pkey PRIMARY KEY (clock_id),
    constraint promise_reason_check CHECK (reason <> ''::text AND length(reason) <= 2000)
);
CREATE INDEX promise_case ON promise USING btree (case_id);
CREATE INDEX promise_made ON promise USING btree (made_at DESC, clock_id DESC);
CREATE INDEX promise_person ON promise USING btree (made_by, made_at DESC);

create table recovery_code (
    code_hash bytea not null,
    person_id uuid not null,
    constraint recovery_code_code_hash_check CHECK (length(code_hash) = 32),
    constraint recovery_code_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
    constraint recovery_code_pkey PRIMARY KEY (code_hash)
);
CREATE INDEX recovery_code_person ON recovery_code USING btree (person_id);

create table reference_counter (
    prefix text not null,
    last bigint not null,
    constraint reference_counter_last_check CHECK (last > 0),
    constraint reference_counter_pkey PRIMARY KEY (prefix)
);

create table refresh_session (
    id uuid not null,
    person_id uuid not null,
    number integer not null,
    renewed_at timestamp with time zone not null,
    expires_at timestamp with time zone not null,
    constraint refresh_session_number_check CHECK (number > 0),
    constraint refresh_session_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
    constraint refresh_session_pkey PRIMARY KEY (id)
);
CREATE INDEX refresh_session_expiry ON refresh_session USING btree (expires_at);

create table retention_proposal (
    id uuid not null,
    document json not null,
    based_on integer not null,
    reason text not null,
    proposed_by text not null,
    proposed_at timestamp with time zone not null,
    state text not null,
    decided_by text,
    decided_at timestamp with time zone,
    note text,
    constraint retention_proposal_check CHECK ((state = 'Proposed'::text) = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)),
    constraint retention_proposal_check1 CHECK (state <> 'Approved'::text OR decided_by <> proposed_by),
    constraint retention_proposal_pkey PRIMARY KEY (id),
    constraint retention_proposal_reason_check CHECK (reason <> ''::text AND length(reason) <= 1000),
    constraint retention_proposal_state_check CHECK (state = ANY (ARRAY['Proposed'::text, 'Approved'::text, 'Refused'::text]))
);
CREATE INDEX retention_proposal_newest ON retention_proposal USING btree (proposed_at DESC, id DESC);
CREATE UNIQUE INDEX retention_proposal_open ON retention_proposal USING btree (state) WHERE (state = 'Proposed'::text);

create table saved_filter (
    id uuid not null,
    person_id uuid not null,
    list text not null,
    name text not null,
    query text not null,
    constraint saved_filter_list_check CHECK (list = ANY (ARRAY['work'::text, 'team'::text, 'cases'::text, 'performance'::text])),
    constraint saved_filter_name_check CHECK (name <> ''::text AND length(name) <= 60),
    constraint saved_filter_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
    constraint saved_filter_person_id_list_name_key UNIQUE (person_id, list, name),
    constraint saved_filter_pkey PRIMARY KEY (id),
    constraint saved_filter_query_check CHECK (length(query) <= 1000)
);

create table saved_search (
    id uuid not null,
    person_id uuid not null,
    name text not null,
    filter json not null,
    weekday smallint,
    at_time time without time zone not null,
    seen_to timestamp with time zone not null,
    next_at timestamp with time zone,
    created_at timestamp with time zone not null,
    constraint saved_search_name_check CHECK (name <> ''::text AND length(name) <= 100),
    constraint saved_search_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
    constraint saved_search_pkey PRIMARY KEY (id),
    constraint saved_search_weekday_check CHECK (weekday >= 1 AND weekday <= 7)
);
CREATE UNIQUE INDEX saved_search_name ON saved_search USING btree (person_id, lower(name));
CREATE INDEX saved_search_next ON saved_search USING btree (next_at) WHERE (next_at IS NOT NULL);

create table saved_search_run (
    id uuid not null,
    search_id uuid not null,
    at timestamp with time zone not null,
    from_at timestamp with time zone not null,
    to_at timestamp with time zone not null,
    hits integer,
    problem text,
    constraint saved_search_run_check CHECK ((hits IS NULL) = (problem IS NOT NULL)),
    constraint saved_search_run_pkey PRIMARY KEY (id),
    constraint saved_search_run_search_id_fkey FOREIGN KEY (search_id) REFERENCES saved_search(id) ON DELETE CASCADE
);
CREATE INDEX saved_search_run_search ON saved_search_run USING btree (search_id, at DESC);

create table schema_migration (
    number integer not null,
    name text not null,
    checksum text not null,
    applied_at timestamp with time zone not null default now(),
    constraint schema_migration_pkey PRIMARY KEY (number)
);

create table second_factor (
    person_id uuid not null,
    secret text not null,
    used_step bigint not null,
    set_up_at timestamp with time zone not null,
    constraint second_factor_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
    constraint second_factor_pkey PRIMARY KEY (person_id)
);

create table sensitive_customer (
    customer_id uuid not null,
    kind text not null,
    reason text not null,
    marked_by text not null,
    marked_at timestamp with time zone not null,
    constraint sensitive_customer_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customer(id),
    constraint sensitive_customer_kind_check CHECK (kind = ANY (ARRAY['Relative'::text, 'PublicFigure'::text, 'Vulnerable'::text, 'Threatened'::text,
        'Other'::text])),
    constraint sensitive_customer_pkey PRIMARY KEY (customer_id),
    constraint sensitive_customer_reason_check CHECK (reason <> ''::text AND length(reason) <= 500)
);

create table setting_document (
    kind text not null,
    name text not null,
    version integer not null,
    is_latest boolean not null,
    document json not null,
    origin text not null,
    origin_hash text,
    changed_by text not null,
    changed_at timestamp with time zone not null,
    constraint setting_document_kind_check CHECK (kind = ANY (ARRAY['calendar'::text, 'sla'::text, 'form'::text, 'distribution'::text, 'retention'::text])),
    constraint setting_document_origin_check CHECK (origin = ANY (ARRAY['file'::text, 'person'::text])),
    constraint setting_document_pkey PRIMARY KEY (kind, name, version)
);
CREATE UNIQUE INDEX setting_document_latest ON setting_document USING btree (kind, name) WHERE is_latest;

create table shift (
    id uuid not null,
    person_id uuid not null,
    from_at timestamp with time zone not null,
    until_at timestamp with time zone not null,
    kind text not null,
    created_by text not null,
    created_at timestamp with time zone not null,
    constraint shift_check CHECK (until_at > from_at),
    constraint shift_kind_check CHECK (kind = ANY (ARRAY['Work'::text, 'Training'::text])),
    constraint shift_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
    constraint shift_pkey PRIMARY KEY (id)
);
CREATE INDEX shift_person ON shift USING btree (person_id, until_at);
CREATE INDEX shift_until ON shift USING btree (until_at);
CREATE TRIGGER shift_presence AFTER INSERT OR DELETE ON shift FOR EACH ROW EXECUTE FUNCTION look_at_presence();

create table sign_in_origin (
    person_id uuid not null,
    origin text not null,
    failures integer not null,
    blocked_until timestamp with time zone,
    succeeded_at timestamp with time zone,
    changed_at timestamp with time zone not null,
    constraint sign_in_origin_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
    constraint sign_in_origin_pkey PRIMARY KEY (person_id, origin)
);

create table skill (
    key text not null,
    title text not null,
    description text not null default ''::text,
    retired_at timestamp with time zone,
    revision integer not null default 1,
    created_at timestamp with time zone not null,
    constraint skill_key_check CHECK (key ~ '^[a-z][a-z0-9-]*$'::text),
    constraint skill_pkey PRIMARY KEY (key),
    constraint skill_title_check CHECK (title <> ''::text AND length(title) <= 100)
);

create table skill_reminder (
    person_id uuid not null,
    skill text not null,
    certified_until date not null,
    days integer not null,
    at timestamp with time zone not null,
    constraint skill_reminder_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
    constraint skill_reminder_pkey PRIMARY KEY (person_id, skill, certified_until, days),
    constraint skill_reminder_skill_fkey FOREIGN KEY (skill) REFERENCES skill(key)
);

create table sla_clock (
    id uuid not null,
    instance_id uuid not null,
    task_id uuid,
    policy text not null,
    name text not null,
    kind text not null,
    status text not null,
    due_at timestamp with time zone,
    breached boolean not null default false,
    risk_at timestamp with time zone,
    late_at timestamp with time zone,
    generation integer not null,
    state json not null,
    created_at timestamp with time zone not null,
    changed_at timestamp with time zone not null,
    constraint sla_clock_instance_id_fkey FOREIGN KEY (instance_id) REFERENCES workflow_instance(id) ON DELETE CASCADE,
    constraint sla_clock_kind_check CHECK (kind = ANY (ARRAY['internal'::text, 'promise'::text, 'statutory'::text])),
    constraint sla_clock_pkey PRIMARY KEY (id),
    constraint sla_clock_status_check CHECK (status = ANY (ARRAY['Running'::text, 'Paused'::text, 'Completed'::text, 'Cancelled'::text])),
    constraint sla_clock_task_id_fkey FOREIGN KEY (task_id) REFERENCES task(id) ON DELETE CASCADE
) with (fillfactor=80);
CREATE INDEX sla_clock_instance ON sla_clock USING btree (instance_id);
CREATE INDEX sla_clock_task ON sla_clock USING btree (task_id) WHERE (task_id IS NOT NULL);

create table sla_ledger (
    clock_id uuid not null,
    generation integer not null,
    from_at timestamp with time zone not null,
    to_at timestamp with time zone not null,
    kind text not null,
    cause text not null,
    counted bigint not null,
    constraint sla_ledger_clock_id_fkey FOREIGN KEY (clock_id) REFERENCES sla_clock(id) ON DELETE CASCADE,
    constraint sla_ledger_kind_check CHECK (kind = ANY (ARRAY['Ran'::text, 'Paused'::text, 'OutsideHours'::text])),
    constraint sla_ledger_pkey PRIMARY KEY (clock_id, generation, from_at)
);

create table step_effort (
    definition_id text not null,
    activity_id text not null,
    median integer not null,
    quarter integer not null,
    three_quarters integer not null,
    samples integer not null,
    computed_at timestamp with time zone not null,
    constraint step_effort_median_check CHECK (median > 0),
    constraint step_effort_pkey PRIMARY KEY (definition_id, activity_id)
);

create table step_fact (
    task_id uuid not null,
    chain_id uuid not null,
    case_id uuid not null,
    journey text not null,
    step text not null,
    title text not null,
    team text not null,
    person_id uuid,
    opened_at timestamp with time zone not null,
    claimed_at timestamp with time zone,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    ended_as text,
    outcome text,
    waiting integer not null,
    working integer not null,
    suspended integer not null,
    expected integer,
    touches integer not null,
    changes integer not null,
    returned boolean not null,
    on_time boolean,
    constraint step_fact_pkey PRIMARY KEY (task_id)
);
CREATE INDEX step_fact_chain ON step_fact USING btree (chain_id);
CREATE INDEX step_fact_ended ON step_fact USING btree (ended_at DESC, task_id) WHERE (ended_at IS NOT NULL);
CREATE INDEX step_fact_open ON step_fact USING btree (opened_at, task_id) WHERE (ended_at IS NULL);
CREATE INDEX step_fact_opened ON step_fact USING btree (opened_at DESC, task_id);
CREATE INDEX step_fact_person ON step_fact USING btree (person_id, ended_at DESC, task_id) WHERE (ended_at IS NOT NULL);
CREATE INDEX step_fact_step ON step_fact USING btree (journey, step, opened_at DESC);
CREATE INDEX step_fact_team ON step_fact USING btree (team, ended_at DESC, task_id) WHERE (ended_at IS NOT NULL);

create table stimulus (
    id uuid not null,
    kind text not null,
    instance_id uuid,
    payload json not null,
    due_at timestamp with time zone not null,
    attempts integer not null default 0,
    last_error text,
    created_at timestamp with time zone not null,
    number bigint not null generated always as identity,
    queue text not null generated always as (
CASE kind
    WHEN 'start'::text THEN COALESCE((payload ->> 'definitionId'::text), ''::text)
    ELSE kind
END) stored,
    sender uuid not null generated always as (COALESCE(
CASE kind
    WHEN 'start'::text THEN ((payload ->> 'parentId'::text))::uuid
    WHEN 'publish'::text THEN ((payload ->> 'senderId'::text))::uuid
    ELSE instance_id
END, '00000000-0000-0000-0000-000000000000'::uuid)) stored,
    constraint stimulus_kind_check CHECK (kind = ANY (ARRAY['publish'::text, 'resume'::text, 'start'::text, 'child'::text, 'cancel'::text, 'tell'::text,
        'alter'::text, 'fail'::text])),
    constraint stimulus_pkey PRIMARY KEY (id)
);
CREATE INDEX stimulus_due ON stimulus USING btree (due_at);
CREATE INDEX stimulus_instance ON stimulus USING btree (instance_id) WHERE (instance_id IS NOT NULL);
CREATE INDEX stimulus_turn ON stimulus USING btree (queue, sender, due_at, number);
create sequence stimulus_number_seq;

create table substitution (
    id uuid not null,
    person_id uuid not null,
    substitute_id uuid not null,
    from_at timestamp with time zone not null,
    until_at timestamp with time zone not null,
    reason text not null default ''::text,
    created_by text not null,
    created_at timestamp with time zone not null,
    ended_at timestamp with time zone,
    constraint substitution_check CHECK (until_at > from_at),
    constraint substitution_check1 CHECK (person_id <> substitute_id),
    constraint substitution_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
    constraint substitution_pkey PRIMARY KEY (id),
    constraint substitution_substitute_id_fkey FOREIGN KEY (substitute_id) REFERENCES person(id)
);
CREATE INDEX substitution_person ON substitution USING btree (person_id, until_at) WHERE (ended_at IS NULL);
CREATE INDEX substitution_substitute ON substitution USING btree (substitute_id, until_at) WHERE (ended_at IS NULL);
CREATE TRIGGER substitution_presence AFTER INSERT OR UPDATE ON substitution FOR EACH ROW EXECUTE FUNCTION look_at_presence();

create table task (
    id uuid not null,
    instance_id uuid not null,
    bookmark_id uuid not null,
    definition_id text not null,
    definition_version_id text not null,
    activity_id text not null,
    container_id uuid,
    title text not null,
    description text,
    form json,
    form_name text,
    prefill json,
    outcomes text[] not null,
    skip_outcome text,
    requires_review boolean not null default false,
    team text,
    candidates text[] not null default '{}'::text[],
    required_skills text[] not null default '{}'::text[],
    preferred_skills text[] not null default '{}'::text[],
    excluded_steps text[] not null default '{}'::text[],
    decides_on text,
    decides_in text,
    policies text[] not null default '{}'::text[],
    priority smallint not null,
    state text not null,
    owner_id uuid,
    actors uuid[] not null default '{}'::uuid[],
    delegated_by uuid,
    on_behalf_of uuid,
    gave_up uuid[] not null default '{}'::uuid[],
    watchers uuid[] not null default '{}'::uuid[],
    suspended_from text,
    suspended_reason text,
    suspended_until timestamp with time zone,
    reviewer_id uuid,
    reviewers uuid[] not null default '{}'::uuid[],
    proposed_outcome text,
    revision integer not null default 1,
    risk_at timestamp with time zone,
    due_at timestamp with time zone,
    order_at timestamp with time zone not null generated always as (COALESCE(due_at, 'infinity'::timestamp with time zone)) stored,
    ended_as text generated always as (
CASE
    WHEN (ended_at IS NOT NULL) THEN state
    ELSE NULL::text
END) stored,
    outcome text,
    data json,
    draft json,
    ended_by text,
    end_reason text,
    changed_by text not null,
    created_at timestamp with time zone not null,
    changed_at timestamp with time zone not null,
    claimed_at timestamp with time zone,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    test_by uuid,
    work_kind text not null default 'deferred'::text,
    effort integer,
    weight integer not null default 100,
    suspended_counts boolean not null default false,
    passed_by uuid[] not null default '{}'::uuid[],
    statutory_at timestamp with time zone,
    alike bigint not null generated always as (hash_record_extended(ROW(required_skills, preferred_skills, candidates, work_kind, weight, effort), (0)::bigint))
        stored,
    personal boolean not null generated always as (((excluded_steps <> '{}'::text[]) OR (gave_up <> '{}'::uuid[]) OR (passed_by <> '{}'::uuid[]))) stored,
    constraint task_delegated_by_fkey FOREIGN KEY (delegated_by) REFERENCES person(id),
    constraint task_effort_check CHECK (effort > 0),
    constraint task_fits CHECK (task_fits(state, priority, outcomes, owner_id, ended_at, outcome, suspended_from, suspended_reason, suspended_until,
        proposed_outcome, reviewer_id)),
    constraint task_instance_id_fkey FOREIGN KEY (instance_id) REFERENCES workflow_instance(id) ON DELETE CASCADE,
    constraint task_on_behalf_of_fkey FOREIGN KEY (on_behalf_of) REFERENCES person(id),
    constraint task_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES person(id),
    constraint task_pkey PRIMARY KEY (id),
    constraint task_reviewer_id_fkey FOREIGN KEY (reviewer_id) REFERENCES person(id),
    constraint task_test_by_fkey FOREIGN KEY (test_by) REFERENCES person(id),
    constraint task_weight_check CHECK (weight >= 1 AND weight <= 10000),
    constraint task_work_kind_check CHECK (work_kind = ANY (ARRAY['live'::text, 'deferred'::text]))
) with (fillfactor=80);
CREATE INDEX task_board ON task USING btree (team, definition_id, activity_id, suspended_reason) INCLUDE (owner_id, order_at, risk_at, created_at, test_by)
    WHERE (ended_at IS NULL);
CREATE INDEX task_created ON task USING btree (team, created_at, id) WHERE (ended_at IS NULL);
CREATE INDEX task_ended ON task USING btree (ended_as, order_at, id) WHERE (ended_at IS NOT NULL);
CREATE INDEX task_flow ON task USING btree (team, ended_at) INCLUDE (definition_id, activity_id, created_at, order_at, ended_as, test_by) WHERE (ended_at IS NOT
    NULL);
CREATE INDEX task_instance ON task USING btree (instance_id);
CREATE INDEX task_live ON task USING btree (owner_id, ended_at) WHERE ((work_kind = 'live'::text) AND (owner_id IS NOT NULL));
CREATE INDEX task_named ON task USING gin (candidates) WHERE ((ended_at IS NULL) AND (cardinality(candidates) > 0));
CREATE INDEX task_named_team ON task USING btree (team) WHERE ((ended_at IS NULL) AND (cardinality(candidates) > 0));
CREATE INDEX task_open ON task USING btree (order_at, id) WHERE (ended_at IS NULL);
CREATE INDEX task_owner ON task USING btree (owner_id, order_at, id) INCLUDE (team, test_by) WHERE ((ended_at IS NULL) AND (owner_id IS NOT NULL));
CREATE INDEX task_priority ON task USING btree (team, priority, order_at, id) WHERE (ended_at IS NULL);
CREATE INDEX task_reviewer ON task USING btree (reviewer_id) WHERE ((ended_at IS NULL) AND (reviewer_id IS NOT NULL));
CREATE INDEX task_risk ON task USING btree (risk_at, order_at) WHERE ((ended_at IS NULL) AND (risk_at IS NOT NULL));
CREATE INDEX task_suspended ON task USING btree (order_at, id) WHERE (suspended_from IS NOT NULL);
CREATE INDEX task_team ON task USING btree (team, order_at, id) INCLUDE (risk_at, test_by) WHERE (ended_at IS NULL);
CREATE INDEX task_test ON task USING btree (test_by) WHERE (test_by IS NOT NULL);
CREATE INDEX task_title ON task USING gin (((' '::text || lower(title))) gin_trgm_ops) WHERE ((ended_at IS NULL) AND (title IS NOT NULL));
CREATE INDEX task_waiting ON task USING btree (team) INCLUDE (id, instance_id, alike, personal, priority, effort, due_at, statutory_at, created_at) WHERE
    ((ended_at IS NULL) AND (owner_id IS NULL) AND (suspended_from IS NULL) AND (test_by IS NULL));

create table task_attachment (
    id uuid not null,
    task_id uuid not null,
    name text not null,
    content_type text not null,
    size bigint not null,
    hash bytea not null,
    content bytea not null storage external,
    added_by text not null,
    created_at timestamp with time zone not null,
    constraint task_attachment_hash_check CHECK (length(hash) = 32),
    constraint task_attachment_name_check CHECK (name <> ''::text AND length(name) <= 255),
    constraint task_attachment_pkey PRIMARY KEY (id),
    constraint task_attachment_size_check CHECK (size > 0),
    constraint task_attachment_task_id_fkey FOREIGN KEY (task_id) REFERENCES task(id) ON DELETE CASCADE
);
CREATE INDEX task_attachment_task ON task_attachment USING btree (task_id, created_at);
CREATE INDEX task_attachment_words ON task_attachment USING gin (fold((' '::text || name)) gin_trgm_ops);

create table task_comment (
    id uuid not null,
    task_id uuid not null,
    author text not null,
    body text not null,
    created_at timestamp with time zone not null,
    words text generated always as (fold((' '::text || body))) stored,
    constraint task_comment_body_check CHECK (body <> ''::text AND length(body) <= 10000),
    constraint task_comment_pkey PRIMARY KEY (id),
    constraint task_comment_task_id_fkey FOREIGN KEY (task_id) REFERENCES task(id) ON DELETE CASCADE
);
CREATE INDEX task_comment_task ON task_comment USING btree (task_id, created_at);
CREATE INDEX task_comment_words ON task_comment USING gin (words gin_trgm_ops);

create table task_offer (
    id uuid not null,
    task_id uuid not null,
    person_id uuid not null,
    decision_id uuid,
    state text not null,
    reason text,
    pushed_by text,
    weight integer not null,
    work_kind text not null,
    offered_at timestamp with time zone not null,
    expires_at timestamp with time zone not null,
    assigns boolean not null default false,
    ended_at timestamp with time zone,
    constraint task_offer_check CHECK ((state = 'Open'::text) = (ended_at IS NULL)),
    constraint task_offer_decision_id_fkey FOREIGN KEY (decision_id) REFERENCES distribution_decision(id) ON DELETE SET NULL,
    constraint task_offer_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
    constraint task_offer_pkey PRIMARY KEY (id),
    constraint task_offer_state_check CHECK (state = ANY (ARRAY['Open'::text, 'Accepted'::text, 'Declined'::text, 'Expired'::text, 'Withdrawn'::text])),
    constraint task_offer_task_id_fkey FOREIGN KEY (task_id) REFERENCES task(id) ON DELETE CASCADE
);
CREATE INDEX task_offer_expiry ON task_offer USING btree (expires_at) WHERE (state = 'Open'::text);
CREATE INDEX task_offer_offered ON task_offer USING btree (offered_at);
CREATE UNIQUE INDEX task_offer_open ON task_offer USING btree (task_id) WHERE (state = 'Open'::text);
CREATE INDEX task_offer_person ON task_offer USING btree (person_id) WHERE (state = 'Open'::text);
CREATE INDEX task_offer_task ON task_offer USING btree (task_id, offered_at DESC);

create table team (
    key text not null,
    title text not null,
    description text not null default ''::text,
    lead_id uuid,
    retired_at timestamp with time zone,
    revision integer not null default 1,
    created_at timestamp with time zone not null,
    distribution text not null default 'pull'::text,
    office text not null default 'back'::text,
    time_zone text,
    constraint team_distribution_check CHECK (distribution = ANY (ARRAY['pull'::text, 'suggest'::text, 'offer'::text, 'assign'::text])),
    constraint team_key_check CHECK (key ~ '^[a-z][a-z0-9-]*$'::text),
    constraint team_lead_id_fkey FOREIGN KEY (lead_id) REFERENCES person(id),
    constraint team_office_check CHECK (office = ANY (ARRAY['front'::text, 'back'::text])),
    constraint team_pkey PRIMARY KEY (key)
);

create table team_loan (
    id uuid not null,
    person_id uuid not null,
    team_key text not null,
    from_at timestamp with time zone not null,
    until_at timestamp with time zone not null,
    lent_by text not null,
    ended_at timestamp with time zone,
    constraint team_loan_check CHECK (until_at > from_at),
    constraint team_loan_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
    constraint team_loan_pkey PRIMARY KEY (id),
    constraint team_loan_team_key_fkey FOREIGN KEY (team_key) REFERENCES team(key) ON DELETE CASCADE
);
CREATE UNIQUE INDEX team_loan_open ON team_loan USING btree (person_id, team_key) WHERE (ended_at IS NULL);
CREATE INDEX team_loan_until ON team_loan USING btree (until_at) WHERE (ended_at IS NULL);

create table team_member (
    team_key text not null,
    person_id uuid not null,
    joined_at timestamp with time zone not null,
    constraint team_member_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id),
    constraint team_member_pkey PRIMARY KEY (team_key, person_id),
    constraint team_member_team_key_fkey FOREIGN KEY (team_key) REFERENCES team(key) ON DELETE CASCADE
);
CREATE INDEX team_member_person ON team_member USING btree (person_id);

create table viewer_journey (
    viewer text not null collate "C",
    journey text not null,
    constraint viewer_journey_pkey PRIMARY KEY (viewer, journey)
);

create table webhook_endpoint (
    id uuid not null,
    url text not null,
    description text not null default ''::text,
    event_types text[] not null,
    secret text not null,
    previous_secret text,
    previous_until timestamp with time zone,
    off_reason text,
    active boolean not null default true,
    revision integer not null default 1,
    created_by text not null,
    created_at timestamp with time zone not null,
    changed_at timestamp with time zone not null,
    constraint webhook_endpoint_check CHECK ((previous_secret IS NULL) = (previous_until IS NULL)),
    constraint webhook_endpoint_check1 CHECK (active = (off_reason IS NULL)),
    constraint webhook_endpoint_event_types_check CHECK (cardinality(event_types) > 0),
    constraint webhook_endpoint_pkey PRIMARY KEY (id),
    constraint webhook_endpoint_url_key UNIQUE (url)
);

create table work_spell (
    chain_id uuid not null,
    person_id uuid not null,
    from_at timestamp with time zone not null,
    to_at timestamp with time zone not null
);
CREATE INDEX work_spell_chain ON work_spell USING btree (chain_id);
CREATE INDEX work_spell_person ON work_spell USING btree (person_id, from_at);

create table workflow_definition (
    id text not null,
    definition_id text not null,
    version integer not null,
    name text,
    description text,
    is_latest boolean not null,
    is_published boolean not null,
    is_system boolean not null default false,
    document json not null,
    resources json not null default '{}'::json,
    origin text not null,
    origin_hash text,
    created_by text not null,
    created_at timestamp with time zone not null,
    published_at timestamp with time zone,
    constraint workflow_definition_check CHECK (NOT is_published OR published_at IS NOT NULL),
    constraint workflow_definition_definition_id_version_key UNIQUE (definition_id, version),
    constraint workflow_definition_origin_check CHECK (origin = ANY (ARRAY['file'::text, 'designer'::text, 'import'::text])),
    constraint workflow_definition_pkey PRIMARY KEY (id),
    constraint workflow_definition_version_check CHECK (version > 0)
);
CREATE UNIQUE INDEX workflow_definition_latest ON workflow_definition USING btree (definition_id) WHERE is_latest;
CREATE UNIQUE INDEX workflow_definition_published ON workflow_definition USING btree (definition_id) WHERE is_published;

create table workflow_instance (
    id uuid not null,
    definition_id text not null,
    definition_version_id text not null,
    definition_version integer not null,
    parent_id uuid,
    correlation_id text,
    name text,
    status text not null,
    sub_status text not null,
    incident_count integer not null default 0,
    state json not null,
    event_sequence integer not null,
    event_head bytea not null,
    created_at timestamp with time zone not null,
    updated_at timestamp with time zone not null,
    finished_at timestamp with time zone,
    owned boolean not null default false,
    test_by uuid,
    constraint workflow_instance_check CHECK ((status = 'Finished'::text) = (finished_at IS NOT NULL)),
    constraint workflow_instance_pkey PRIMARY KEY (id),
    constraint workflow_instance_status_check CHECK (status = ANY (ARRAY['Running'::text, 'Finished'::text])),
    constraint workflow_instance_sub_status_check CHECK (sub_status = ANY (ARRAY['Pending'::text, 'Executing'::text, 'Suspended'::text, 'Finished'::text,
        'Cancelled'::text, 'Faulted'::text, 'Interrupted'::text]))
) with (fillfactor=80);
CREATE INDEX workflow_instance_correlation ON workflow_instance USING btree (correlation_id) WHERE (correlation_id IS NOT NULL);
CREATE INDEX workflow_instance_created ON workflow_instance USING btree (created_at DESC, id);
CREATE INDEX workflow_instance_definition ON workflow_instance USING btree (definition_id, created_at DESC);
CREATE INDEX workflow_instance_free ON workflow_instance USING btree (created_at DESC, id) WHERE (NOT owned);
CREATE INDEX workflow_instance_parent ON workflow_instance USING btree (parent_id) WHERE (parent_id IS NOT NULL);
CREATE INDEX workflow_instance_running ON workflow_instance USING btree (definition_id, correlation_id) WHERE (status = 'Running'::text);
CREATE INDEX workflow_instance_status ON workflow_instance USING btree (status, created_at, id);

create table workflow_trigger (
    id uuid not null,
    definition_id text not null,
    definition_version_id text not null,
    activity_id text not null,
    name text not null,
    hash text not null,
    payload json not null,
    due_at timestamp with time zone,
    attempts integer not null default 0,
    last_error text,
    constraint workflow_trigger_definition_version_id_fkey FOREIGN KEY (definition_version_id) REFERENCES workflow_definition(id) ON DELETE CASCADE,
    constraint workflow_trigger_pkey PRIMARY KEY (id)
);
CREATE INDEX workflow_trigger_definition ON workflow_trigger USING btree (definition_id);
CREATE INDEX workflow_trigger_due ON workflow_trigger USING btree (due_at) WHERE (due_at IS NOT NULL);
CREATE INDEX workflow_trigger_hash ON workflow_trigger USING btree (hash);
CREATE INDEX workflow_trigger_version ON workflow_trigger USING btree (definition_version_id);

CREATE OR REPLACE FUNCTION conflicting_people(run_id uuid)
 RETURNS uuid[]
 LANGUAGE sql
 STABLE
AS $function$
    select array(select c.person_id from journey_case j join conflict c on c.customer_id = j.customer_id and c.lifted_at is null
        where j.test_by is null and j.id = run_root(run_id, (select i.parent_id from workflow_instance i where i.id = run_id)))
$function$;

CREATE OR REPLACE FUNCTION conflicting_runs(someone uuid)
 RETURNS SETOF uuid
 LANGUAGE sql
 STABLE
AS $function$
    with recursive run (id) as (
        select j.id from conflict c join journey_case j on j.customer_id = c.customer_id
            where c.person_id = someone and c.lifted_at is null and j.test_by is null
        union all select i.id from run join workflow_instance i on i.parent_id = run.id)
    select id from run
$function$;

CREATE OR REPLACE FUNCTION create_event_partition(month date)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
    first date := date_trunc('month', month)::date;
    next  date := (first + interval '1 month')::date;
    part  text := to_char(first, '"y"YYYY"m"MM');
begin
    if to_regclass('event_' || part) is not null then
        return false;
    end if;
    if exists (select from event_default where at >= first::timestamp at time zone 'UTC' and at < next::timestamp at time zone 'UTC') then
        return false;
    end if;
    execute format('create table %I partition of event for values from (%L) to (%L)', 'event_' || part, first || ' 00:00+00', next || ' 00:00+00');
    perform protect_history();
    return true;
end $function$;

CREATE OR REPLACE FUNCTION customer_words(number text, name text, others text[], emails text[], phones text[], identifiers text[])
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
AS $function$
begin
    return fold(' ' || number || ' ' || translate(name, '-.,', '   ') || ' ' || translate(array_to_string(others || emails, ' '), '-.,', '   ') || ' '
        || translate(regexp_replace(array_to_string(phones, '|'), '[^0-9|]', '', 'g'), '|', ' ') || ' ' || array_to_string(identifiers, ' '));
end $function$;

CREATE OR REPLACE FUNCTION erase_access_reasons(customers uuid[])
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
    erased bigint;
begin
    perform set_config('orchestration.erasure', 'on', true);
    update access_log a set reason = null where a.subject_id = any(customers) and a.reason is not null and a.what = '';
    get diagnostics erased = row_count;
    perform set_config('orchestration.erasure', 'off', true);
    return erased;
end $function$;

CREATE OR REPLACE FUNCTION erase_history(chain uuid, sequences integer[], at timestamp with time zone, actor text, reason text)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
    erased integer[];
    number integer;
    head   bytea;
    salt   bytea := uuid_send(gen_random_uuid());
    note   text;
    id     text := replace(chain::text, '-', '');
begin
    if coalesce(trim(actor), '') = '' or coalesce(trim(reason), '') = '' then
        raise exception 'an erasure needs an actor and a reason' using errcode = 'check_violation';
    end if;
    -- Whoever appends to a chain holds the row that has its head. Chains of deleted instances have none, and grow only here.
    perform pg_advisory_xact_lock(hashtextextended('erasure ' || id, 0));
    perform from workflow_instance i where i.id = chain for no key update;
    perform from event_chain c where c.id = chain for no key update;

    perform set_config('orchestration.erasure', 'on', true);
    with gone as (
        update event e set salt = null, payload = null
        where e.chain_id = chain and (sequences is null or e.sequence = any(sequences)) and e.payload is not null and e.action <> 'history.erased'
        returning e.sequence)
    select array_agg(gone.sequence order by gone.sequence) into erased from gone;
    perform set_config('orchestration.erasure', 'off', true);
    if erased is null then
        return 0;
    end if;

    select e.sequence + 1, e.leaf into number, head from event e where e.chain_id = chain order by e.sequence desc limit 1;
    note := json_build_object('reason', reason, 'sequences', erased)::text;
    insert into event (chain_id, sequence, at, actor, action, entity, entity_id, revision, salt, payload, commitment, leaf)
    values (chain, number, at, actor, 'history.erased', 'history', id, 0, salt, note::json, sha256(salt || convert_to(note, 'UTF8')),
        sha256('\x00'::bytea || uuid_send(chain) || int8send(number) || int8send((extract(epoch from at) * 1000000)::bigint)
            || history_text(actor) || history_text('history.erased') || history_text('history') || history_text(id) || int8send(0)
            || history_text(null) || history_text(null) || history_text(null)
            || int4send(32) || head || int4send(32) || sha256(salt || convert_to(note, 'UTF8'))))
    returning leaf into head;
    update workflow_instance i set event_sequence = number, event_head = head where i.id = chain;
    update event_chain c set event_sequence = number, event_head = head where c.id = chain;
    return cardinality(erased);
end $function$;

CREATE OR REPLACE FUNCTION erase_searches(customers uuid[], names text[])
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
    erased bigint;
begin
    perform set_config('orchestration.erasure', 'on', true);
    update access_log a set what = '', reason = null
    where a.kind in ('search', 'export') and a.what <> '' and names_customer(a.what, customers, names);
    get diagnostics erased = row_count;
    perform set_config('orchestration.erasure', 'off', true);
    return erased;
end $function$;

CREATE OR REPLACE FUNCTION fold(value text)
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
begin
    return regexp_replace(replace(replace(replace(replace(replace(replace(
        translate(lower(regexp_replace(normalize(value, nfkd), '[\u0300-\u036f]+', '', 'g')), 'ıøłđæœwyzc''’', 'ioldaovisk'),
        'ß', 'ss'), 'ae', 'a'), 'oe', 'o'), 'ue', 'u'), 'ph', 'f'), 'th', 't'), '([a-z])\1+', '\1', 'g');
end $function$;

CREATE OR REPLACE FUNCTION forget_failures()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
    update sign_in_origin set failures = 0, blocked_until = null where person_id = new.id;
    return null;
end $function$;

CREATE OR REPLACE FUNCTION from_address(value text)
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
begin
    return (select convert_from(string_agg(
            case when part[1] ~ '^%.' then decode(substr(part[1], 2), 'hex') else convert_to(replace(part[1], '+', ' '), 'UTF8') end, ''::bytea), 'UTF8')
        from regexp_matches(value, '(%[0-9a-fA-F]{2}|%|[^%]+)', 'g') part);
exception when others then
    return value;
end $function$;

CREATE OR REPLACE FUNCTION grant_application(role name)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
    part regclass;
begin
    execute format('revoke all on all tables in schema public from %I', role);
    execute format('revoke create on schema public from %I', role);
    execute format('grant usage on schema public to %I', role);
    execute format('grant select, insert, update, delete on all tables in schema public to %I', role);
    execute format('grant usage, select on all sequences in schema public to %I', role);
    -- Partitions are written through their table.
    for part in select tree.relid from history_tables() history, pg_partition_tree(history) tree loop
        execute format('revoke all on %s from %I', part, role);
    end loop;
    for part in select history_tables() loop
        execute format('revoke all on %s from %I', part, role);
        execute format('grant select, insert on %s to %I', part, role);
    end loop;
    execute format('revoke update, delete on event_chain from %I', role);
    execute format('grant update (event_sequence, event_head) on event_chain to %I', role);
    if to_regclass('schema_migration') is not null then
        execute format('revoke insert, update, delete on schema_migration from %I', role);
    end if;
    execute format('grant execute on function create_event_partition(date), erase_history(uuid, integer[], timestamptz, text, text) to %I', role);
    if to_regnamespace('hangfire') is not null then
        execute format('grant usage on schema hangfire to %I', role);
        execute format('grant select, insert, update, delete on all tables in schema hangfire to %I', role);
        execute format('grant usage, select on all sequences in schema hangfire to %I', role);
    end if;
end $function$;

CREATE OR REPLACE FUNCTION guidance_words(value text)
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
begin
    return fold(' ' || regexp_replace(value,
        '[\u0001-\u0026\u0028-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u2000-\u2018\u201a-\u206f\u3000-\u303f\uff00-\uff0f\uff1a-\uff20]+', ' ', 'g'));
end $function$;

CREATE OR REPLACE FUNCTION history_tables()
 RETURNS SETOF regclass
 LANGUAGE sql
 STABLE
AS $function$ values ('event'::regclass), ('access_log'::regclass) $function$;

CREATE OR REPLACE FUNCTION history_text(value text)
 RETURNS bytea
 LANGUAGE sql
 STABLE
AS $function$
    select coalesce(int4send(octet_length(convert_to(value, 'UTF8'))) || convert_to(value, 'UTF8'), int4send(-1))
$function$;

CREATE OR REPLACE FUNCTION hold_fits(h legal_hold, c journey_case)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
    select c.test_by is null
        and (h.case_id is null or h.case_id = c.id)
        and (h.journey is null or h.journey = c.journey)
        and (h.started_from is null or c.created_at >= h.started_from)
        and (h.started_before is null or c.created_at < h.started_before)
        and (h.customer_id is null or exists (
            select from customer held join customer k on k.survivor = held.survivor where held.id = h.customer_id and k.number = c.customer_id))
        and (h.words is null or exists (
            select from case_search s where s.case_id = c.id
                and s.words like lower('%' || replace(replace(replace(h.words, '\', '\\'), '%', '\%'), '_', '\_') || '%')))
$function$;

CREATE OR REPLACE FUNCTION holds_of(cases uuid[], now timestamp with time zone)
 RETURNS TABLE(held_case uuid, hold_id uuid)
 LANGUAGE sql
 STABLE
AS $function$
    select c.id, h.id from journey_case c join legal_hold h on hold_fits(h, c)
    where c.id = any(cases) and h.lifted_at is null and (h.until_at is null or h.until_at > now)
$function$;

CREATE OR REPLACE FUNCTION is_guarded(record uuid, who uuid, now timestamp with time zone)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION is_guarded_number(customer_number text, who uuid, now timestamp with time zone)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
    select exists (select from sensitive_customer)
        and coalesce((select is_guarded(m.survivor, who, now) from customer m where m.number = customer_number), false)
$function$;

CREATE OR REPLACE FUNCTION lock_events(hashes text[])
 RETURNS void
 LANGUAGE sql
AS $function$
    select pg_advisory_xact_lock(hashtext('event'), key) from (select distinct hashtext(h) as key from unnest(hashes) h order by 1) keys
$function$;

CREATE OR REPLACE FUNCTION lock_holds(alone boolean)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
    if alone then
        perform pg_advisory_xact_lock(hashtext('legal holds'));
    else
        perform pg_advisory_xact_lock_shared(hashtext('legal holds'));
    end if;
end $function$;

CREATE OR REPLACE FUNCTION look_at_presence()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION names_customer(what text, customers uuid[], names text[])
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
    with address as (select what ~ '^[/?]' as address),
    told as (
        select lower(case when address then from_address(regexp_replace(part, '^[^=]*=', '')) else what end) as text
        from address, regexp_split_to_table(case when address then regexp_replace(what, '^[^?]*[?]?', '') else '' end, '&') part),
    folded as (select text, fold(text) as fold, trim(fold(translate(text, '-.,', '   '))) as given from told where length(text) > 2)
    select exists (select from folded, unnest(names) n where length(n) > 2 and strpos(text, lower(n)) > 0)
        or exists (
            select from folded, customer k left join customer_identifier i on i.customer_id = k.id,
                unnest(array[k.name] || k.other_names || k.emails || k.phones || i.value) own
            where k.id = any(customers) and length(own) > 2 and strpos(fold, fold(own)) > 0)
        or exists (
            select from folded, customer_search s
            where s.customer_id = any(customers) and given <> ''
                and not exists (select from regexp_split_to_table(given, '\s+') word where strpos(s.words, ' ' || word) = 0))
$function$;

CREATE OR REPLACE FUNCTION protect_history()
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
    part regclass;
begin
    for part in
        select tree.relid from history_tables() history, lateral (select history union select p.relid from pg_partition_tree(history) p) tree (relid)
        where not exists (select from pg_trigger t where t.tgrelid = tree.relid and t.tgname = 'no_truncate')
    loop
        execute format('create trigger no_truncate before truncate on %s for each statement execute function refuse_change()', part);
    end loop;
end $function$;

CREATE OR REPLACE FUNCTION queue_webhooks(kind text, chains uuid[], actions text[], entities text[], ids text[], revisions bigint[], now timestamp with time
    zone, at text, actor text)
 RETURNS void
 LANGUAGE sql
AS $function$
    insert into effect (id, kind, instance_id, payload, state, due_at, created_at)
    select gen_random_uuid(), queue_webhooks.kind, e.chain, json_build_object('endpoint', w.id, 'to', w.url, 'type', e.action, 'at', at,
        'data', json_build_object('caseId', replace(e.chain::text, '-', ''), 'entity', e.entity, 'entityId', e.entity_id, 'revision', e.revision,
            'actor', actor)), 'pending', now, now
    from webhook_endpoint w join unnest(chains, actions, entities, ids, revisions) e(chain, action, entity, entity_id, revision)
        on e.action = any(w.event_types)
    where w.active and not exists (select from journey_case j where j.id = e.chain and j.test_by is not null)
$function$;

CREATE OR REPLACE FUNCTION record_access(ids uuid[], ats timestamp with time zone[], untils timestamp with time zone[], counts integer[], people uuid[], kinds
    text[], subjects uuid[], whats text[], origins text[], sessions uuid[], sources text[], reasons text[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
begin
    for i in 1 .. cardinality(ids) loop
        if reasons[i] is null then
            update access_log a set opens = a.opens + counts[i], until_at = greatest(a.until_at, untils[i])
            where a.id = (select l.id from access_log l where l.person_id = people[i] and l.at > ats[i] - interval '1 hour' and l.at <= ats[i]
                and l.until_at >= ats[i] - interval '10 minutes' and l.kind = kinds[i] and l.subject_id is not distinct from subjects[i]
                and l.what = whats[i] and l.origin = origins[i] and l.session_id is not distinct from sessions[i] and l.source = sources[i]
                order by l.at desc limit 1);
            continue when found;
        end if;
        insert into access_log (id, at, until_at, opens, person_id, kind, subject_id, what, origin, session_id, source, reason)
        values (ids[i], ats[i], untils[i], counts[i], people[i], kinds[i], subjects[i], whats[i], origins[i], sessions[i], sources[i], reasons[i]);
    end loop;
end $function$;

CREATE OR REPLACE FUNCTION refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
    raise exception 'history is append-only: % on % is refused', tg_op, tg_table_name using errcode = 'integrity_constraint_violation';
end $function$;

CREATE OR REPLACE FUNCTION refuse_held()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
    if exists (select from legal_hold h where h.lifted_at is null and h.until_at is null and hold_fits(h, old)) then
        raise exception 'case % is on legal hold', old.reference using errcode = 'OR004';
    end if;
    return old;
end $function$;

CREATE OR REPLACE FUNCTION refuse_unless_counting()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
    if current_setting('orchestration.erasure', true) = 'on' and new.what = ''
        and to_jsonb(new) - array['what', 'reason'] is not distinct from to_jsonb(old) - array['what', 'reason'] then
        return new;
    end if;
    if new.opens < old.opens or new.until_at < old.until_at
        or to_jsonb(new) - array['opens', 'until_at'] is distinct from to_jsonb(old) - array['opens', 'until_at'] then
        raise exception 'the access log is append-only' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $function$;

CREATE OR REPLACE FUNCTION refuse_unless_erasing()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
    if current_setting('orchestration.erasure', true) is distinct from 'on' then
        raise exception 'history is append-only: payloads go only by erasure' using errcode = 'integrity_constraint_violation';
    end if;
    if new.salt is not null or new.payload is not null
        or to_jsonb(new) - array['salt', 'payload'] is distinct from to_jsonb(old) - array['salt', 'payload'] then
        raise exception 'erasure takes the payload of an event and changes nothing else' using errcode = 'integrity_constraint_violation';
    end if;
    return new;
end $function$;

CREATE OR REPLACE FUNCTION refuse_version(version_id text)
 RETURNS text
 LANGUAGE plpgsql
AS $function$
begin
    raise exception 'version % is not the published one', version_id using errcode = 'OR001';
end $function$;

CREATE OR REPLACE FUNCTION require_activation(strategy text, definition text, correlation text)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
declare
    taken boolean;
begin
    perform pg_advisory_xact_lock(hashtext('activation'), hashtext(case strategy
        when 'Singleton' then 'definition:' || definition
        when 'CorrelatedSingleton' then 'definition:' || definition || ':' || coalesce(correlation, '')
        else 'correlation:' || correlation end));
    -- Each statement has its own snapshot, so this sees what committed while the lock was awaited.
    taken := case strategy
        when 'Singleton' then exists (select from workflow_instance where definition_id = definition and status = 'Running')
        when 'CorrelatedSingleton' then exists (
            select from workflow_instance
            where definition_id = definition and correlation_id is not distinct from correlation and status = 'Running')
        else exists (select from workflow_instance where correlation_id = correlation and status = 'Running') end;
    if taken then
        raise exception 'the activation strategy of % allows no further instance now', definition using errcode = 'OR003';
    end if;
end $function$;

CREATE OR REPLACE FUNCTION run_root(run uuid, parent uuid)
 RETURNS uuid
 LANGUAGE plpgsql
 STABLE
AS $function$
begin
    while parent is not null loop
        run := parent;
        parent := (select i.parent_id from workflow_instance i where i.id = run);
    end loop;
    return run;
end $function$;

CREATE OR REPLACE FUNCTION runs_of(cases uuid[])
 RETURNS TABLE(of_case uuid, run uuid, running boolean)
 LANGUAGE sql
 STABLE
AS $function$
    with recursive tree (of_case, id, status) as (
        select i.id, i.id, i.status from workflow_instance i where i.id = any(cases)
        union
        select t.of_case, i.id, i.status from tree t join workflow_instance i on i.parent_id = t.id),
    named as (
        select c.id as of_case, i.id, i.status from journey_case c join workflow_instance i on i.correlation_id = c.reference
        where c.id = any(cases) and not exists (select from journey_case other where other.id = i.id))
    select t.of_case, t.id, t.status = 'Running' from tree t union select n.of_case, n.id, n.status = 'Running' from named n
$function$;

CREATE OR REPLACE FUNCTION take_tick(trigger_id uuid, due timestamp with time zone, next timestamp with time zone)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
    update workflow_trigger set due_at = next, attempts = 0, last_error = null where id = trigger_id and due_at = due;
    if not found then
        raise exception 'the tick of trigger % at % was taken by somebody else', trigger_id, due using errcode = 'OR002';
    end if;
end $function$;

CREATE OR REPLACE FUNCTION task_fits(state text, priority smallint, outcomes text[], owner_id uuid, ended_at timestamp with time zone, outcome text,
    suspended_from text, suspended_reason text, suspended_until timestamp with time zone, proposed_outcome text, reviewer_id uuid)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
begin
    return priority between 1 and 5
        and cardinality(outcomes) > 0
        and (ended_at is not null) = (state in ('Completed', 'Skipped', 'Cancelled', 'Failed'))
        and (outcome is not null) = (state in ('Completed', 'Skipped'))
        and (suspended_from is not null) = (state = 'Suspended')
        and (suspended_reason is not null) = (state = 'Suspended')
        and (suspended_until is null or state = 'Suspended')
        and (proposed_outcome is not null) = (state in ('ReadyForReview', 'InReview'))
        and (reviewer_id is null or reviewer_id is distinct from owner_id)
        and case
            when state in ('Created', 'Ready') then owner_id is null
            when state in ('Reserved', 'InProgress', 'ReadyForReview') then owner_id is not null
            when state = 'InReview' then owner_id is not null and reviewer_id is not null
            when state = 'Suspended' then suspended_from in ('Ready', 'Reserved', 'InProgress') and (suspended_from = 'Ready') = (owner_id is null)
            else state in ('Completed', 'Skipped', 'Cancelled', 'Failed')
        end;
end $function$;
