using System.Data;
using System.Text.Json.Nodes;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Facts;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Audit;

/// <summary>A rule that was in force for a case.</summary>
/// <param name="Kind"><c>journey</c>, <c>form</c> or <c>policy</c>.</param>
/// <param name="Name">What it is called.</param>
/// <param name="Version">Its version; null: unknown.</param>
/// <param name="Since">When that version was made.</param>
public sealed record RuleInForce(string Kind, string Name, int? Version, Instant? Since);

/// <summary>A case as it was at a moment, as one reader may see it.</summary>
/// <param name="Case">The case.</param>
/// <param name="Facts">What was known then, of what the reader may see.</param>
/// <param name="Rules">Versions that were in force.</param>
/// <param name="Workflow">The version of the journey; null: it can't be read.</param>
public sealed record CaseMoment(CaseAt Case, IReadOnlyList<CaseFact> Facts, IReadOnlyList<RuleInForce> Rules, CompiledWorkflow? Workflow);

/// <summary>The history of a case, opened to look at moments of it.</summary>
public sealed class CaseReview
{
    private readonly WorkflowRuntime _runtime;
    private readonly Person _reader;
    private readonly string _lastVersion;
    private readonly string _definition;

    private CaseReview(
        WorkflowRuntime runtime,
        Guid id,
        Person reader,
        (string Definition, string Version) journey,
        IReadOnlyList<CaseEvent> events,
        IReadOnlyDictionary<Guid, string> people,
        Dictionary<string, Guid> names
    )
    {
        (_runtime, Id, _reader, Events, People) = (runtime, id, reader, events, people);
        (_definition, _lastVersion) = journey;
        Person = name =>
            names.TryGetValue(name, out var known) ? known
            : Guid.TryParse(name, out var given) && people.ContainsKey(given) ? given
            : null;
    }

    /// <summary>The case.</summary>
    public Guid Id { get; }

    /// <summary>All events, oldest first. What the reader may not see is in them: show facts, not payloads.</summary>
    public IReadOnlyList<CaseEvent> Events { get; }

    /// <summary>Names of everyone, by id.</summary>
    public IReadOnlyDictionary<Guid, string> People { get; }

    /// <summary>The person of a user name or id, or null.</summary>
    public Func<string, Guid?> Person { get; }

    /// <summary>Reads the history. Null if there is no such case. The caller has checked that the reader may review cases.</summary>
    public static async Task<CaseReview?> OpenAsync(WorkflowRuntime runtime, Guid id, Person reader, CancellationToken cancel = default)
    {
        await using var connection = await runtime.Database.OpenConnectionAsync(cancel);
        await using var batch = connection.CreateBatch();
        batch.Add("select i.definition_id, i.definition_version_id from journey_case c join workflow_instance i on i.id = c.id where c.id = $1", id);
        batch.Add("select id, user_name, display_name from person");
        batch.Add(
            """
            select e.sequence, e.at, e.actor, p.display_name, e.action, e.entity, e.entity_id, e.revision, e.activity_id, e.activity_type, e.payload, e.leaf
            from event e left join person p on p.user_name = e.actor where e.chain_id = $1 order by e.sequence
            """,
            id
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        if (!await r.ReadAsync(cancel))
            return null;
        var journey = (r.GetString(0), r.GetString(1));
        await r.NextResultAsync(cancel);
        var (people, names) = (new Dictionary<Guid, string>(), new Dictionary<string, Guid>(StringComparer.OrdinalIgnoreCase));
        while (await r.ReadAsync(cancel))
        {
            people[r.GetGuid(0)] = r.GetString(2);
            names[r.GetString(1)] = r.GetGuid(0);
        }

        await r.NextResultAsync(cancel);
        var events = new List<CaseEvent>();
        while (await r.ReadAsync(cancel))
            events.Add(
                new(
                    r.GetInt32(0),
                    r.GetDateTime(1),
                    r.GetString(2),
                    r.Text(3),
                    r.GetString(4),
                    r.GetString(5),
                    r.GetString(6),
                    r.GetInt64(7),
                    r.Text(8),
                    r.Text(9),
                    r.Text(10) is { } text ? JsonNode.Parse(text, documentOptions: new() { MaxDepth = 512 }) : null,
                    Convert.ToHexStringLower(r.GetFieldValue<byte[]>(11))
                )
            );
        return new(runtime, id, reader, journey, events, people, names);
    }

    /// <summary>The case after an event and all before it.</summary>
    public Task<CaseMoment> AfterAsync(int sequence, CancellationToken cancel = default) => OfAsync(Events.Where(e => e.Sequence <= sequence), cancel);

    /// <summary>The case at a time.</summary>
    public Task<CaseMoment> AtAsync(Instant moment, CancellationToken cancel = default) => OfAsync(CaseReplay.Until(Events, moment), cancel);

    private async Task<CaseMoment> OfAsync(IEnumerable<CaseEvent> events, CancellationToken cancel)
    {
        var found = CaseReplay.Play(events, Person);
        var version = await VersionAsync(found, cancel);
        var workflow = version is null ? null : await WorkflowAsync(version, cancel);
        return new(found, workflow is null ? [] : Facts(found, workflow), await RulesAsync(found, version, workflow, cancel), workflow);
    }

    private List<CaseFact> Facts(CaseAt found, CompiledWorkflow workflow)
    {
        var variables = workflow
            .Variables.GroupBy(v => v.Name)
            .ToDictionary(
                group => group.Key,
                group =>
                    found.Variables.TryGetValue(group.Key, out var value) || found.Variables.TryGetValue(group.First().Id, out value)
                        ? WorkflowData.FromOutside(value, group.Key) ?? group.First().Default
                        : group.First().Default
            );
        return
        [
            .. FactSchema
                .Of(workflow)
                .Read(
                    found.Reference,
                    variables,
                    step => WorkflowData.FromOutside(found.Entered.GetValueOrDefault(step), step),
                    FactViewer.Of(_reader, [.. _reader.Teams, .. _reader.Leads])
                ),
        ];
    }

    /// <summary>The version it ran on. Cases of before versions were recorded are taken to have run on the one they run on now.</summary>
    private async Task<string?> VersionAsync(CaseAt found, CancellationToken cancel)
    {
        if (found.MovedTo is not { } number)
            return found.FirstVersionId ?? _lastVersion;
        await using var query = _runtime.Database.Query("select id from workflow_definition where definition_id = $1 and version = $2", _definition, number);
        return await query.ExecuteScalarAsync(cancel) as string;
    }

    private async Task<CompiledWorkflow?> WorkflowAsync(string version, CancellationToken cancel)
    {
        try
        {
            return await _runtime.Definitions.GetVersionAsync(version, cancel);
        }
        catch (DefinitionUnavailableException)
        {
            return null;
        }
    }

    /// <summary>
    /// Forms are pinned when a version of the journey is published; a clock keeps the policy that was in force when it was started.
    /// </summary>
    private async Task<IReadOnlyList<RuleInForce>> RulesAsync(CaseAt found, string? version, CompiledWorkflow? workflow, CancellationToken cancel)
    {
        var forms = found.Tasks.Select(t => t.Form).OfType<string>().Distinct().Order(StringComparer.Ordinal).ToList();
        var clocks = found.Clocks.Where(c => c.Policy is not null).GroupBy(c => c.Policy!).OrderBy(g => g.Key, StringComparer.Ordinal).ToList();
        await using var connection = await _runtime.Database.OpenConnectionAsync(cancel);
        await using var batch = connection.CreateBatch();
        batch.Add("select published_at from workflow_definition where id = $1", version);
        batch.Add(
            """
            select kind, name, version, changed_at from setting_document
            where (kind = 'form' and name = any($1)) or (kind = 'sla' and name = any($2)) order by changed_at, version
            """,
            forms.ToArray(),
            clocks.Select(c => c.Key).ToArray()
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        var published = await r.ReadAsync(cancel) ? r.InstantOrNull(0) : null;
        await r.NextResultAsync(cancel);
        var settings = new List<(string Kind, string Name, int Version, Instant At)>();
        while (await r.ReadAsync(cancel))
            settings.Add((r.GetString(0), r.GetString(1), r.GetInt32(2), r.Instant(3)));
        var rules = new List<RuleInForce>();
        if (found.Journey is { } journey)
            rules.Add(new("journey", workflow?.Name ?? journey, workflow?.Version ?? found.MovedTo, published));
        foreach (var form in forms)
            rules.Add(Of("form", "form", form, published));
        foreach (var clock in clocks)
            rules.Add(Of("policy", "sla", clock.Key, clock.Max(c => c.StartedAt)));
        return rules;

        RuleInForce Of(string kind, string setting, string name, Instant? at)
        {
            // What was used before its first version was kept was that version.
            var all = settings.Where(s => s.Kind == setting && s.Name == name).ToList();
            var versions = all.Where(s => at is null || s.At <= at).DefaultIfEmpty(all.FirstOrDefault()).Where(s => s.Version > 0).ToList();
            return versions.Count == 0 ? new(kind, name, null, null) : new(kind, name, versions[^1].Version, versions[^1].At);
        }
    }
}
