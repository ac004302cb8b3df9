using NodaTime;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Facts;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Workflows.OwnView;

/// <summary>A step that waits for the customer.</summary>
/// <param name="TaskId">Its task.</param>
/// <param name="Question">What they were asked in a message about it; null: nobody wrote one.</param>
/// <param name="Stage">The stage it belongs to, or null.</param>
/// <param name="Until">Until when it waits at the longest, or null.</param>
public sealed record OwnViewNeed(Guid TaskId, string? Question, CustomerStage? Stage, Instant? Until);

/// <summary>A date to look forward to.</summary>
/// <param name="What">What was promised; null: we answer by then, as a law or our own rule for cases says.</param>
/// <param name="At">By when.</param>
public sealed record OwnViewDate(string? What, Instant At);

/// <summary>A message.</summary>
/// <param name="FromCustomer">Whether the customer wrote it.</param>
/// <param name="From">First name of who wrote it; null for the customer.</param>
/// <param name="Text">The text.</param>
/// <param name="At">When.</param>
public sealed record OwnViewMessage(bool FromCustomer, string? From, string Text, Instant At);

/// <summary>A document that the customer sent.</summary>
public sealed record OwnViewFile(string Name, long Size, Instant At);

/// <summary>How to reach the customer, as their record has it.</summary>
public sealed record OwnViewContact(string? Email, string? Phone, string? Address);

/// <summary>A rating.</summary>
/// <param name="Satisfaction">From 1, not at all, to 5.</param>
/// <param name="Recommend">From 0 to 10, or null.</param>
/// <param name="Comment">More; or empty.</param>
/// <param name="At">When it was given or changed.</param>
public sealed record Rating(int Satisfaction, int? Recommend, string Comment, Instant At);

/// <summary>A case as its customer sees it: nothing that isn't theirs to know, and of staff no more than first names and teams.</summary>
public sealed record OwnViewCase
{
    public required string Reference { get; init; }

    /// <summary>What the customer calls it, or null.</summary>
    public required LocalText? Title { get; init; }
    public required Instant StartedAt { get; init; }

    /// <summary>When it ended, or null.</summary>
    public required Instant? EndedAt { get; init; }
    public required IReadOnlyList<(CustomerStage Stage, StageState State)> Stages { get; init; }
    public required IReadOnlyList<OwnViewNeed> Needs { get; init; }

    /// <summary>The soonest first.</summary>
    public required IReadOnlyList<OwnViewDate> Dates { get; init; }

    /// <summary>The newest first.</summary>
    public required IReadOnlyList<OwnViewMessage> Messages { get; init; }
    public required IReadOnlyList<OwnViewFile> Files { get; init; }
    public required IReadOnlyList<(LocalText Label, CaseFact Fact)> Facts { get; init; }

    /// <summary>Null: the case has no record of a customer.</summary>
    public required OwnViewContact? Contact { get; init; }

    /// <summary>First name of the owner of its open step, or null.</summary>
    public required string? With { get; init; }

    /// <summary>Title of the team whose step is open, or null.</summary>
    public required string? Team { get; init; }
    public required Rating? Rating { get; init; }

    /// <summary>Whether a step is open that documents can be put with.</summary>
    public required bool TakesFiles { get; init; }

    /// <summary>Whether it can be rated, or the rating be changed, now.</summary>
    public required bool TakesRating { get; init; }
}

/// <summary>Reads a case for its customer.</summary>
public static class ReadOwnView
{
    /// <summary>How long after its end a case can be rated.</summary>
    public static readonly Duration RatingTime = Duration.FromDays(30);

    /// <summary>The case that a link opens. Null if it is gone.</summary>
    public static async Task<OwnViewCase?> RunAsync(WorkflowRuntime runtime, FollowedCase link, Instant now, CancellationToken cancel = default)
    {
        await using var batch = runtime.Database.CreateBatch();
        batch.Add(
            """
            select c.reference, c.created_at, i.status, i.finished_at, i.definition_version_id, i.state, r.satisfaction, r.recommend, r.comment, r.changed_at,
                s.id is not null, s.emails[1], s.phones[1], s.addresses[1]
            from journey_case c join workflow_instance i on i.id = c.id left join own_view_rating r on r.case_id = c.id left join customer s on s.id = $2
            where c.id = $1
            """,
            link.Case,
            link.Customer
        );
        batch.Add(
            $"""
            select t.id, t.activity_id, t.ended_at is null, lower(t.suspended_reason) = lower('{ResumeTask.WaitsForCustomer}'), t.suspended_until,
                split_part(p.display_name, ' ', 1), m.title,
                (select k.note from customer_contact k where k.task_id = t.id and k.shared and not k.incoming order by k.at desc limit 1)
            from task t left join person p on p.id = t.owner_id left join team m on m.key = t.team where t.instance_id = $1 order by t.created_at, t.id
            """,
            link.Case
        );
        batch.Add(
            """
            select kind, state from sla_clock where instance_id = $1 and task_id is null and status in ('Running', 'Paused') and due_at > $2
                and kind in ('promise', 'statutory') order by due_at
            """,
            link.Case,
            now
        );
        batch.Add(
            """
            select k.incoming, split_part(p.display_name, ' ', 1), k.note, k.at from customer_contact k left join person p on p.user_name = k.recorded_by
            where k.case_id = $1 and k.shared order by k.at desc, k.id desc limit 50
            """,
            link.Case
        );
        batch.Add(
            """
            select a.name, a.size, a.created_at from task t join task_attachment a on a.task_id = t.id where t.instance_id = $1 and a.added_by = $2
            order by a.created_at desc, a.id limit 50
            """,
            link.Case,
            FollowedCase.Actor
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        if (!await r.ReadAsync(cancel))
            return null;
        var (reference, started, isRunning, ended) = (r.GetString(0), r.Instant(1), r.GetString(2) == "Running", r.InstantOrNull(3));
        var (version, state) = (r.GetString(4), r.Utf8(5));
        var rating = r.IsDBNull(6) ? null : new Rating(r.GetInt16(6), r.IsDBNull(7) ? null : r.GetInt16(7), r.GetString(8), r.Instant(9));
        var contact = r.GetBoolean(10) ? new OwnViewContact(r.Text(11), r.Text(12), r.Text(13)) : null;
        await r.NextResultAsync(cancel);
        var steps = new List<Step>();
        while (await r.ReadAsync(cancel))
        {
            var waits = !r.IsDBNull(3) && r.GetBoolean(3);
            steps.Add(new(r.GetGuid(0), r.GetString(1), r.GetBoolean(2), waits, r.InstantOrNull(4), r.Text(5), r.Text(6), r.Text(7)));
        }

        await r.NextResultAsync(cancel);
        var dates = await DatesAsync(r, cancel);
        await r.NextResultAsync(cancel);
        var messages = new List<OwnViewMessage>();
        while (await r.ReadAsync(cancel))
            messages.Add(new(r.GetBoolean(0), r.Text(1), r.GetString(2), r.Instant(3)));
        await r.NextResultAsync(cancel);
        var files = new List<OwnViewFile>();
        while (await r.ReadAsync(cancel))
            files.Add(new(r.GetString(0), r.GetInt64(1), r.Instant(2)));

        var (words, facts) = await WordsAsync(runtime, version, state, cancel);
        var open = steps.Where(step => step.IsOpen).ToList();
        return new()
        {
            Reference = reference,
            Title = words.Title,
            StartedAt = started,
            EndedAt = isRunning ? null : ended,
            Stages = words.At([.. steps.Select(step => (step.Activity, step.IsOpen))], isRunning),
            Needs = [.. open.Where(step => step.Waits).Select(step => new OwnViewNeed(step.Task, step.Question, words.OfStep(step.Activity), step.Until))],
            Dates = isRunning ? dates : [],
            Messages = messages,
            Files = files,
            Facts = facts,
            Contact = contact,
            With = open.Select(step => step.Owner).FirstOrDefault(owner => owner is not null),
            Team = open.Select(step => step.Team).FirstOrDefault(team => team is not null),
            Rating = rating,
            TakesFiles = open.Count > 0,
            TakesRating = !isRunning && ended is { } at && now < at + RatingTime,
        };
    }

    private sealed record Step(Guid Task, string Activity, bool IsOpen, bool Waits, Instant? Until, string? Owner, string? Team, string? Question);

    /// <summary>What was promised, and the first date that a law sets.</summary>
    private static async Task<List<OwnViewDate>> DatesAsync(NpgsqlDataReader r, CancellationToken cancel)
    {
        var dates = new List<OwnViewDate>();
        while (await r.ReadAsync(cancel))
        {
            if (!ClockJson.TryRead(r.Utf8(1), out var state) || state.DueAt is not { } due || !state.Policy.IsDeadline)
                continue;
            if (r.GetString(0) == "promise")
                dates.Add(new(state.Policy.Name, due));
            else if (dates.TrueForAll(date => date.What is not null))
                dates.Add(new(null, due));
        }

        return dates;
    }

    private static async Task<(CustomerStages Words, IReadOnlyList<(LocalText Label, CaseFact Fact)> Facts)> WordsAsync(
        WorkflowRuntime runtime,
        string version,
        byte[] state,
        CancellationToken cancel
    )
    {
        try
        {
            var workflow = await runtime.Definitions.GetVersionAsync(version, cancel);
            return (CustomerStages.Of(workflow), FactSchema.Of(workflow).ReadForCustomer(InstanceState.FromJson(state), workflow));
        }
        catch (Exception e) when (e is DefinitionUnavailableException or InvalidDataException)
        {
            // The customer still sees that the case goes on, and can write.
            return (CustomerStages.Of(null), []);
        }
    }
}
