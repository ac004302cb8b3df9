namespace Orchestration.Workflows.Retention;

/// <summary>A table with rows about a customer or their cases. Removal deletes these rows; the export for the customer reads them.</summary>
/// <param name="Title">What it is, for people.</param>
/// <param name="Table">The table.</param>
/// <param name="Where">
/// SQL that is true for the rows. <c>$1</c> are the ids of runs (cases, child workflows and letters), <c>$2</c> those of records of the customer, <c>$3</c>
/// references of the cases and <c>$4</c> numbers of the customer: all arrays, and any can be empty.
/// </param>
public sealed record PersonalPlace(string Title, string Table, string Where)
{
    /// <summary>SQL of a function that takes the words of the rows away and returns how many, where the rows themselves must stay; null: they go.</summary>
    public string? Instead { get; init; }

    /// <summary>Whether only the customer's own request reaches it; retention leaves it.</summary>
    public bool OnRequestOnly { get; init; }

    /// <summary>Whether it is in the customer's export: not what the product derives from other places, and not what others wrote about themselves.</summary>
    public bool IsExported { get; init; }
}

/// <summary>
/// Everything the database holds of customers. A feature that stores something of a person adds one line here, or says in <see cref="NotPersonal"/> why it
/// doesn't: a test asks it of every table. History is no place: its payloads are erased in their chains.
/// </summary>
public static class PersonalData
{
    private const string Task = "task_id in (select id from task where instance_id = any($1))";
    private const string Clock = "clock_id in (select id from sla_clock where instance_id = any($1))";
    private const string Run = "instance_id = any($1)";

    /// <summary>In the order of removal: what refers to a row goes before it.</summary>
    public static readonly IReadOnlyList<PersonalPlace> Places =
    [
        new("Comments", "task_comment", Task) { IsExported = true },
        new("Documents", "task_attachment", Task) { IsExported = true },
        new("Decisions about who gets work", "distribution_decision", Task),
        new("Offers of work", "task_offer", Task),
        new("Requests for distribution", "distribution_request", Task),
        new("Contacts", "customer_contact", "case_id = any($1) or customer_id = any($2)") { IsExported = true },
        new("Notifications", "notification", Run),
        new("Promises", "open_promise", Run),
        new("Visits of their own view", "own_view_visit", "link_id in (select id from own_view_link where case_id = any($1))"),
        new("Links to their own view", "own_view_link", "case_id = any($1)"),
        new("Ratings", "own_view_rating", "case_id = any($1)") { IsExported = true },
        new("What was said of promises", "promise", "case_id = any($1)") { IsExported = true },
        new("Forecasts", "forecast_clock", Clock),
        new("Fixes of forecasts", "forecast_fix", Clock),
        new("Time of deadlines", "sla_ledger", Clock),
        new("Deadlines and promises", "sla_clock", Run) { IsExported = true },
        new("Reports on articles", "guidance_note", Run),
        // Of a case only the id and the reference: reviewers are asked to name no customer, and a finding outlives the case it is about.
        new("Findings of reviewers", "finding", "id = any($1)"),
        new("Tasks, forms and drafts", "task", Run) { IsExported = true },
        new("Messages and webhooks", "effect", Run) { IsExported = true },
        new("Answers to requests", "http_reply", Run),
        new("Waits", "bookmark", Run),
        new("Timers", "deadline", Run),
        new("Events kept for later", "kept_event", $"{Run} or correlation_id = any($3)") { IsExported = true },
        new("Events under way", "stimulus", Run),
        new("Changes by hand", "case_change", $"{Run} or case_id = any($1)") { IsExported = true },
        new(
            "Plans of alterations",
            "alteration_plan",
            "id in (select j.plan_id from alteration_job j where j.plan_id in (select plan_id from alteration_job where instance_id = any($1))"
                + " group by j.plan_id having bool_and(j.instance_id = any($1)))"
        ),
        new("Alterations", "alteration_job", Run),
        new(
            "Background work",
            "background_work",
            "translate(orders::text || coalesce(result::text, ''), '-', '') like any(array(select '%' || replace(id::text, '-', '') || '%' from ("
                + "select unnest($1) id union all select id from task where instance_id = any($1)) ids)) and ended_at is not null"
        )
        {
            OnRequestOnly = true,
        },
        new("Figures of work", "step_fact", "chain_id = any($1)"),
        new("Files of logs", "export_file", "journey is null or journey in (select c.journey from journey_case c where c.id = any($1))")
        {
            OnRequestOnly = true,
        },
        new("Retention", "case_retention", "case_id = any($1)"),
        new("Who sees a case", "case_viewer", Run),
        new("Who watches a case", "case_watcher", Run),
        new("Words for searches of cases", "case_search", "case_id = any($1)"),
        new("Cases", "journey_case", "id = any($1)") { IsExported = true },
        new("Data of cases", "workflow_instance", "id = any($1)") { IsExported = true },
        new("Saved searches of reviewers", "saved_search", "filter ->> 'customer' = any($4) or filter ->> 'case' = any($3)") { OnRequestOnly = true },
        new("Words of searches in the log of access", "access_log", "what <> '' and names_customer(what, $2, $3 || $4)")
        {
            OnRequestOnly = true,
            Instead = "erase_searches($2, $3 || $4)",
        },
        new("Conflicts of interest", "conflict", "customer_id = any($4)"),
        new("Reasons for opening sensitive records", "access_log", "reason is not null and subject_id = any($2)")
        {
            OnRequestOnly = true,
            Instead = "erase_access_reasons($2)",
        },
        new("Marks of sensitive customers", "sensitive_customer", "customer_id = any($2)"),
        new("Identifiers", "customer_identifier", "customer_id = any($2)") { IsExported = true },
        new("Words for searches of customers", "customer_search", "customer_id = any($2)"),
        new("Customer record", "customer", "id = any($2)") { IsExported = true },
    ];

    /// <summary>Tables that hold nothing of a customer, with the reason.</summary>
    public static readonly IReadOnlyDictionary<string, string> NotPersonal = new Dictionary<string, string>
    {
        ["event"] = "Payloads are erased in their chains; headers name staff, kinds and ids only.",
        ["event_chain"] = "Names of chains: kinds and ids.",
        ["log_tile"] = "Hashes and numbers.",
        ["log_chain"] = "Numbers.",
        ["log_head"] = "Signed sizes and roots.",
        ["log_head_copy"] = "Where heads are held.",
        ["log_place"] = "How places that hold heads are doing.",
        ["log_place_host"] = "Which host holds heads where.",
        ["viewer_journey"] = "Which journeys staff and teams see.",
        ["log_check"] = "Names rows by case and number.",
        ["workflow_definition"] = "Journeys, not cases.",
        ["workflow_trigger"] = "What starts journeys.",
        ["setting_document"] = "Calendars, policies and forms without data.",
        ["operation"] = "Ids, states and outcomes; deleted after seven days.",
        ["reference_counter"] = "The last number of each kind of reference.",
        ["job_pause"] = "About jobs.",
        ["schema_migration"] = "About the schema.",
        ["person"] = "Staff.",
        ["person_skill"] = "Staff.",
        ["person_capacity"] = "Staff.",
        ["presence"] = "Staff.",
        ["presence_change"] = "Staff.",
        ["presence_day"] = "Staff.",
        ["shift"] = "Staff.",
        ["skill"] = "Names of skills.",
        ["skill_reminder"] = "Staff.",
        ["substitution"] = "Staff.",
        ["ended_session"] = "Staff.",
        ["refresh_session"] = "Staff.",
        ["password_link"] = "Staff.",
        ["sign_in_origin"] = "Staff.",
        ["data_protection_key"] = "Keys of this installation.",
        ["external_login"] = "Staff.",
        ["person_session"] = "Staff.",
        ["second_factor"] = "Staff.",
        ["recovery_code"] = "Staff.",
        ["custom_role"] = "Names of roles and permissions.",
        ["authority_limit"] = "Amounts of roles.",
        ["access_flag"] = "What is unusual in the log of access.",
        ["guidance_article"] = "Articles, not cases.",
        ["guidance_version"] = "Articles, not cases.",
        ["guidance_pin"] = "Where articles belong.",
        ["guidance_search"] = "Words of articles.",
        ["guidance_share"] = "Links to articles.",
        ["guidance_use"] = "Counts.",
        ["guidance_miss"] = "What staff looked for in articles.",
        ["team"] = "Names of teams.",
        ["team_member"] = "Staff.",
        ["team_loan"] = "Staff.",
        ["notification_preference"] = "Staff.",
        ["saved_filter"] = "What staff type to find lists; it is about no customer.",
        ["webhook_endpoint"] = "Who outside is told of events.",
        ["distribution_team"] = "About teams.",
        ["distribution_draft"] = "Policies.",
        ["board_snapshot"] = "Counts.",
        ["step_effort"] = "Counts by step.",
        ["performance_cursor"] = "How far figures are.",
        ["performance_chain"] = "Sums by staff, step and day.",
        ["performance_day"] = "Sums by staff, step and day.",
        ["performance_target"] = "Targets.",
        ["digest_sent"] = "Staff.",
        ["legal_hold"] = "Written by compliance, who are asked to name no customer; ids.",
        ["saved_search_run"] = "Counts; goes with its search.",
        ["retention_proposal"] = "Policies.",
        ["erasure_request"] = "The proof of an erasure: ids, counts and hashes.",
        ["export_schedule"] = "When which logs are written.",
        ["export_part"] = "Goes with its file.",
        ["forecast_change"] = "Numbers; goes with its deadline.",
        ["work_spell"] = "When staff worked.",
    };
}
