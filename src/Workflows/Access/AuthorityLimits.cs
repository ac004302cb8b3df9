using System.Globalization;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Forms;
using Orchestration.Workflows.HumanStep;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Staff;

namespace Orchestration.Workflows.Access;

/// <summary>Up to what amount people of a role may decide.</summary>
/// <param name="Role">Key of the role.</param>
/// <param name="Journey">Id of the definition whose steps decide on the amount.</param>
/// <param name="Field">Field of their forms.</param>
/// <param name="Currency">ISO 4217 code; empty: amounts of every currency.</param>
/// <param name="Amount">The highest amount; null: no limit.</param>
/// <param name="Revision">Send it with the next change.</param>
public sealed record AuthorityLimit(string Role, string Journey, string Field, string Currency, decimal? Amount, int Revision);

/// <summary>An amount that steps of a published journey decide on.</summary>
/// <param name="Journey">Id of the definition.</param>
/// <param name="JourneyName">Its name.</param>
/// <param name="Field">Field of the forms.</param>
/// <param name="Label">What the form calls it.</param>
/// <param name="Steps">Titles of the steps.</param>
public sealed record DecidedAmount(string Journey, string JourneyName, string Field, string Label, IReadOnlyList<string> Steps);

/// <summary>
/// Authority limits of roles. They hold for the completion of steps that name the amount, from the moment they are saved. The highest of a person's roles
/// counts.
/// </summary>
public static class AuthorityLimits
{
    private const decimal Most = 1_000_000_000_000m;

    /// <summary>All limits, by journey, field, and the lowest first.</summary>
    public static async Task<IReadOnlyList<AuthorityLimit>> ListAsync(NpgsqlDataSource database, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            "select role, journey, field, currency, amount, revision from authority_limit order by journey, field, currency, amount, role"
        );
        await using var r = await query.ExecuteReaderAsync(cancel);
        var limits = new List<AuthorityLimit>();
        while (await r.ReadAsync(cancel))
            limits.Add(new(r.GetString(0), r.GetString(1), r.GetString(2), r.GetString(3), r[4] as decimal?, r.GetInt32(5)));
        return limits;
    }

    /// <summary>The amounts that published journeys decide on. A journey that no longer compiles has none.</summary>
    public static async Task<IReadOnlyList<DecidedAmount>> DecidedAsync(DefinitionStore definitions, FormCatalog forms, CancellationToken cancel = default)
    {
        var amounts = new List<DecidedAmount>();
        foreach (var workflow in await definitions.UsablePublishedAsync(cancel))
        {
            var steps = workflow
                .Nodes.Where(node => node.TypeName == HumanTask.TypeName)
                .Select(node => (Node: node, Field: node.Literal("DecidesOn") as string))
                .Where(step => !string.IsNullOrEmpty(step.Field));
            amounts.AddRange(
                steps
                    .GroupBy(step => step.Field!)
                    .Select(of => new DecidedAmount(
                        workflow.DefinitionId,
                        workflow.Name ?? workflow.DefinitionId,
                        of.Key,
                        Label(of.Select(step => step.Node), of.Key, forms),
                        [.. of.Select(step => step.Node.Literal("Title") as string ?? step.Node.DisplayName)]
                    ))
            );
        }

        return [.. amounts.OrderBy(amount => amount.JourneyName, StringComparer.OrdinalIgnoreCase).ThenBy(amount => amount.Label)];
    }

    /// <summary>Adds a limit, or changes its amount.</summary>
    /// <param name="decided">What limits can be about: see <see cref="DecidedAsync"/>. A limit that exists can be changed without.</param>
    /// <param name="limit">What to save; its revision is the one the caller last saw, 0 adds it.</param>
    /// <param name="actor">User name of who does it.</param>
    /// <returns>Done, Invalid, NotFound (of the role, or of the limit to change) or Stale.</returns>
    public static async Task<StaffResult> SaveAsync(
        WorkflowRuntime runtime,
        IReadOnlyList<DecidedAmount> decided,
        AuthorityLimit limit,
        string actor,
        CancellationToken cancel = default
    )
    {
        limit = limit with { Journey = limit.Journey.Trim(), Field = limit.Field.Trim(), Currency = limit.Currency.Trim().ToUpperInvariant() };
        await using var t = await StaffTransaction.OpenAsync(runtime, actor, cancel);
        if (!People.Roles.All.Contains(limit.Role) && !(await CustomRoles.AllAsync(t.Connection, cancel)).ContainsKey(limit.Role))
            return new StaffResult.NotFound();
        var before = await FindAsync(t.Connection, limit, cancel);
        if (limit.Revision > 0 && before is null)
            return new StaffResult.NotFound();
        if (limit.Revision > 0 && before!.Revision != limit.Revision)
            return new StaffResult.Stale(before.Revision);
        if (Check(limit, decided, before).ToList() is { Count: > 0 } errors)
            return new StaffResult.Invalid(StaffRules.ByField(errors));
        t.Writes.Add(
            """
            insert into authority_limit (role, journey, field, currency, amount, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $6)
            on conflict (role, journey, field, currency) do update set amount = $5, updated_at = $6, revision = authority_limit.revision + 1
            """,
            limit.Role,
            limit.Journey,
            limit.Field,
            limit.Currency,
            limit.Amount,
            t.Now
        );
        Record(t, limit, before is null ? "" : Text(before), Text(limit), limit.Revision + 1);
        await t.CommitAsync(cancel);
        return new StaffResult.Done();
    }

    /// <summary>Removes a limit: its role then gives no authority for the field, unless no other role has a limit for it.</summary>
    /// <returns>Done, NotFound or Stale.</returns>
    public static async Task<StaffResult> RemoveAsync(WorkflowRuntime runtime, AuthorityLimit limit, string actor, CancellationToken cancel = default)
    {
        await using var t = await StaffTransaction.OpenAsync(runtime, actor, cancel);
        if (await FindAsync(t.Connection, limit, cancel) is not { } before)
            return new StaffResult.NotFound();
        if (before.Revision != limit.Revision)
            return new StaffResult.Stale(before.Revision);
        t.Writes.Add(
            "delete from authority_limit where role = $1 and journey = $2 and field = $3 and currency = $4",
            limit.Role,
            limit.Journey,
            limit.Field,
            limit.Currency
        );
        Record(t, limit, Text(before), "", limit.Revision + 1);
        await t.CommitAsync(cancel);
        return new StaffResult.Done();
    }

    private static void Record(StaffTransaction t, AuthorityLimit limit, string from, string to, int revision) =>
        t.RecordOf(
            CustomRoles.Entity,
            limit.Role,
            "role.limit-changed",
            revision,
            new
            {
                limit.Journey,
                limit.Field,
                limit.Currency,
                changes = new[] { new FieldChange($"{limit.Journey} {limit.Field}", from, to) },
            }
        );

    private static string Text(AuthorityLimit limit) =>
        (limit.Currency + " " + (limit.Amount is { } amount ? $"up to {amount.ToString("#,0.##", CultureInfo.InvariantCulture)}" : "without a limit")).Trim();

    private static IEnumerable<(string Field, string Reason)> Check(AuthorityLimit limit, IReadOnlyList<DecidedAmount> decided, AuthorityLimit? before)
    {
        if (before is null && !decided.Any(amount => amount.Journey == limit.Journey))
            yield return ("journey", "must be a published journey with a step that decides on an amount");
        else if (before is null && !decided.Any(amount => amount.Journey == limit.Journey && amount.Field == limit.Field))
            yield return ("field", "must be a field that a step of the journey decides on");
        if (limit.Revision == 0 && before is not null)
            yield return ("field", "has a limit for this role and currency already");
        if (limit.Currency.Length > 0 && !(limit.Currency.Length == 3 && limit.Currency.All(char.IsAsciiLetterUpper)))
            yield return ("currency", "must be a code such as EUR, or empty");
        if (limit.Amount is < 0 or > Most)
            yield return ("amount", "must be from 0 to 1,000,000,000,000, or empty");
        else if (limit.Amount is { } exact && decimal.Round(exact, 4) != exact)
            yield return ("amount", "must have at most four decimal places");
    }

    private static string Label(IEnumerable<ActivityNode> steps, string field, FormCatalog forms)
    {
        foreach (var step in steps)
        {
            if (
                step.Literal("FormName") is string name
                && forms.Schemas.TryGetValue(name, out var schema)
                && FormSchema.TryParse(schema, out var form, out _)
                && form.Root.AllProperties.FirstOrDefault(f => f.Name == field) is { } found
            )
                return found.Title;
        }

        return field;
    }

    private static async Task<AuthorityLimit?> FindAsync(NpgsqlConnection connection, AuthorityLimit like, CancellationToken cancel)
    {
        await using var batch = connection.CreateBatch();
        batch.Add(
            "select amount, revision from authority_limit where role = $1 and journey = $2 and field = $3 and currency = $4",
            like.Role,
            like.Journey,
            like.Field,
            like.Currency
        );
        await using var r = await batch.ExecuteReaderAsync(cancel);
        return await r.ReadAsync(cancel) ? like with { Amount = r[0] as decimal?, Revision = r.GetInt32(1) } : null;
    }
}
