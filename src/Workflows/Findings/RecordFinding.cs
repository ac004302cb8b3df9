using System.Text.Json;
using NodaTime;
using NodaTime.Text;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Findings;

/// <summary>
/// Records what a reviewer found: a run of the shipped journey, with a task for its owner and then one for a reviewer who had no part in the remedy. Callers
/// have checked that the person reviews history.
/// </summary>
public static class RecordFinding
{
    /// <summary>Definition id of the journey.</summary>
    public const string Journey = "finding";

    /// <summary>Step of the journey in which it is remedied.</summary>
    internal const string RemedyStep = "remedy";

    private const int LongestTitle = 200;
    private const int LongestBody = 4000;
    private const int LongestSearch = 1000;
    private const int MostDays = 730;

    /// <summary>Records it, opens its first task and tells its owner: one transaction.</summary>
    public static async Task<FindingResult> RunAsync(WorkflowRuntime runtime, FindingRequest request, Person actor, CancellationToken cancel = default)
    {
        request = request with
        {
            Title = request.Title?.Trim() ?? "",
            Body = request.Body?.Trim().ReplaceLineEndings("\n") ?? "",
            Team = Blank(request.Team),
            Owner = Blank(request.Owner),
            About = request.About with
            {
                Step = Blank(request.About.Step),
                Person = Blank(request.About.Person),
                Search = Blank(request.About.Search),
                Reference = Blank(request.About.Reference),
            },
        };
        var now = runtime.Clock.Now();
        var zone = DateTimeZoneProviders.Tzdb[(await NotificationPreferences.OfAsync(runtime.Database, actor.Id, cancel)).TimeZone];
        var errors = Check(request, now.InZone(zone).Date);
        var known = await KnownAsync(runtime, request, cancel);
        known.Check(request, errors);
        if (errors.Count > 0)
            return new FindingResult.Invalid(errors);
        var (id, due) = (Ids.New(now), request.Due!.Value.PlusDays(1).AtStartOfDayInZone(zone).ToInstant() - Duration.FromMinutes(1));
        var about = request.About with { Case = known.Case, Reference = known.Reference };
        var result = await runtime.StartAsync(
            new(
                Journey,
                new()
                {
                    ["title"] = request.Title,
                    ["said"] = request.Body,
                    ["severity"] = request.Severity.ToString(),
                    ["team"] = request.Team,
                    ["owners"] = request.Owner is { } owner ? new List<object?> { owner } : [],
                    ["reviewers"] = known.Reviewers.Cast<object?>().ToList(),
                    ["due"] = InstantPattern.ExtendedIso.Format(due),
                }
            )
            {
                InstanceId = id,
                IsOwned = true,
                CorrelationId = $"FND-{id.ToString("N")[^10..].ToUpperInvariant()}",
                AlsoWrite = t => Write(t, request with { About = about }, due, known.Told),
            },
            actor.UserName,
            cancel
        );
        return result is StartResult.Started ? new FindingResult.Done(id) : new FindingResult.Unpublished();
    }

    private static void Write(InstanceTransaction t, FindingRequest request, Instant due, IReadOnlyList<Guid> told)
    {
        var (id, about) = (t.InstanceId!.Value, request.About);
        t.Write(
            """
            insert into finding (id, title, body, severity, case_id, reference, step, event, person, search, team, owner, due_at, recorded_by, recorded_at)
                values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
            """,
            id,
            request.Title,
            request.Body,
            request.Severity.ToString(),
            about.Case,
            about.Reference,
            about.Step,
            about.Event,
            about.Person,
            about.Search,
            request.Team,
            request.Owner,
            due,
            t.Actor,
            t.Now
        );
        var payload = JsonSerializer.SerializeToUtf8Bytes(
            new
            {
                title = request.Title,
                finding = request.Body,
                severity = request.Severity.ToString(),
                caseId = about.Case,
                reference = about.Reference,
                step = about.Step,
                @event = about.Event,
                person = about.Person,
                search = about.Search,
                team = request.Team,
                owner = request.Owner,
                due = InstantPattern.ExtendedIso.Format(due),
            },
            TaskJson.Options
        );
        t.Record(new("finding.recorded", "finding", Ids.Text(id), 0, payload));
        if (told.Count == 0)
            return;
        t.Write(
            Notify.Command(
                t.Now,
                [
                    .. told.Select(person => new Notice(person, NotificationKinds.FindingRecorded, $"Finding to remedy: {request.Title}", "", null, null)
                    {
                        Path = $"/findings/{Ids.Text(id)}",
                    }),
                ]
            )
        );
        foreach (var person in told)
            t.Announce(new(ChangeKind.Person, person));
    }

    private static Dictionary<string, string[]> Check(FindingRequest request, LocalDate today)
    {
        var errors = new Dictionary<string, string[]>();
        Text("title", request.Title!, LongestTitle, lines: false);
        Text("body", request.Body!, LongestBody, lines: true);
        if (!Enum.IsDefined(request.Severity))
            errors["severity"] = ["must be Low, Medium or High"];
        if (request.Team is null == request.Owner is null)
            errors[request.Team is null ? "team" : "owner"] = [request.Team is null ? "choose a team or a person" : "choose a team or a person, not both"];
        if (request.Due is not { } due)
            errors["due"] = ["is required"];
        else if (due < today)
            errors["due"] = ["must not be in the past"];
        else if (due > today.PlusDays(MostDays))
            errors["due"] = ["must be within two years"];
        var about = request.About;
        var isCase = (about.Case ?? (object?)about.Reference) is not null;
        if (new[] { isCase, about.Person is not null, about.Search is not null }.Count(named => named) > 1)
            errors["about"] = ["must be one case, person or search"];
        if (!isCase && (about.Step is not null || about.Event is not null))
            errors["case"] = ["is required for a step or an event"];
        if (about is { Step: not null, Event: not null })
            errors["event"] = ["choose a step or an event, not both"];
        if (about.Search is { } search && (search.Length > LongestSearch || search[0] != '?'))
            errors["search"] = [$"must be the query of a search, such as ?action=task.completed, with at most {LongestSearch} characters"];
        else if (about.Search is { } query && CustomerRules.Unfit(query, LongestSearch) is { } unfit)
            errors["search"] = [unfit];
        return errors;

        void Text(string field, string text, int most, bool lines)
        {
            if ((text.Length == 0 ? "is required" : CustomerRules.Unfit(text, most, lines)) is { } wrong)
                errors[field] = [wrong];
        }
    }

    /// <summary>What the database knows of what a finding names. Reviewers are active people who review history, by a shipped role or a composed one.</summary>
    private static async Task<Known> KnownAsync(WorkflowRuntime runtime, FindingRequest request, CancellationToken cancel)
    {
        var about = request.About;
        await using var query = runtime.Database.Query(
            """
            with known as (select c.id, c.reference from journey_case c where c.id = $1 or $1 is null and c.reference = $9)
            select (select k.id from known k), (select k.reference from known k),
                $2::text is null or exists (select from known k join task t on t.instance_id = k.id and t.activity_id = $2),
                $3::int is null or exists (select from known k join event e on e.chain_id = k.id and e.sequence = $3),
                $4::text is null or exists (select from person p where p.user_name = $4),
                $5::text is null or exists (select from team t where t.key = $5 and t.retired_at is null),
                $6::text is null or exists (select from person p where p.user_name = $6 and p.active),
                array(select p.user_name from person p where p.active and (p.roles && $7
                    or exists (select from custom_role r where r.key = any(p.roles) and $8 = any(r.permissions))) order by p.user_name),
                array(select p.id from person p where p.active and p.user_name = $6
                    union select p.id from team t join person p on p.id = t.lead_id and p.active where t.key = $5)
            """,
            about.Case,
            about.Step,
            about.Event,
            about.Person,
            request.Team,
            request.Owner,
            Roles.All.Where(role => Permissions.Of(role).Contains(Permissions.ReviewHistory)).ToArray(),
            Permissions.ReviewHistory,
            about.Reference
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        await r.ReadAsync(cancel);
        return new(r.GuidOrNull(0), r.Text(1), [.. Enumerable.Range(2, 5).Select(r.GetBoolean)], r.GetFieldValue<string[]>(7), r.GetFieldValue<Guid[]>(8));
    }

    private static string? Blank(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

    /// <param name="Case">The case; null: there is none.</param>
    /// <param name="Reference">Its reference.</param>
    /// <param name="Exists">Whether the step, event, person, team and owner exist, if they are named.</param>
    /// <param name="Reviewers">User names of who can accept a remedy.</param>
    /// <param name="Told">Ids of who is told: the owner, or the lead of the team.</param>
    private sealed record Known(Guid? Case, string? Reference, IReadOnlyList<bool> Exists, IReadOnlyList<string> Reviewers, IReadOnlyList<Guid> Told)
    {
        public void Check(FindingRequest request, Dictionary<string, string[]> errors)
        {
            if (Case is null && (request.About.Case ?? (object?)request.About.Reference) is not null)
                errors.TryAdd(request.About.Case is null ? "reference" : "case", ["doesn't exist"]);
            foreach (
                var (exists, field, reason) in Exists.Zip(
                    ["step", "event", "person", "team", "owner"],
                    (string[])
                        [
                            "the case had no such step",
                            "the case has no such event",
                            "doesn't exist",
                            "must be the key of a team",
                            "must be the user name of an active person",
                        ]
                )
            )
            {
                if (!exists)
                    errors.TryAdd(field, [reason]);
            }

            if (Reviewers.All(reviewer => reviewer == request.Owner))
                errors.TryAdd("owner", ["is the only one who could accept the remedy; choose someone else"]);
        }
    }
}
