using System.Data.Common;
using System.Text.Json;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Forms;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tasks;

/// <summary>Up to what amount a person may decide at a task.</summary>
/// <param name="Field">Field of the form.</param>
/// <param name="Currency">ISO 4217 code; null: unknown.</param>
/// <param name="IsLimited">Whether any role has a limit for the field. If none has, everyone may decide on every amount.</param>
/// <param name="Limit">The highest of their roles; null with a <paramref name="Role"/>: no limit.</param>
/// <param name="Role">Key of the role that gives it; null: none of their roles gives any.</param>
public sealed record TaskAuthority(string Field, string? Currency, bool IsLimited, decimal? Limit, string? Role)
{
    /// <summary>Whether they may decide on the amount.</summary>
    public bool Covers(decimal amount) => !IsLimited || (Role is not null && (Limit is not { } limit || amount <= limit));

    /// <summary>SQL of the columns that <see cref="Read"/> needs, with <see cref="Join"/>.</summary>
    internal const string Columns = "t.decides_on, t.decides_in, authority.is_limited, authority.highest authority_limit, authority.role authority_role";

    /// <summary>SQL that joins the limits of a person for a row of <c>task</c> named <c>t</c>.</summary>
    /// <param name="roles">SQL of their roles, an array.</param>
    internal static string Join(string roles) =>
        $"""
            cross join lateral (
                select count(*) > 0 is_limited, (array_agg(l.role order by l.amount desc nulls first, l.role) filter (where l.is_theirs))[1] role,
                    (array_agg(l.amount order by l.amount desc nulls first, l.role) filter (where l.is_theirs))[1] highest
                from (select a.role, a.amount, array[a.role] <@ {roles} and {Fits("a")} is_theirs
                    from authority_limit a where a.journey = t.definition_id and a.field = t.decides_on) l) authority
            """;

    /// <summary>SQL: a row of <c>authority_limit</c> is about the currency of <c>t</c>.</summary>
    private static string Fits(string limit) => $"{limit}.currency in ('', coalesce(t.decides_in, ''))";

    /// <summary>The authority at the row the reader is at; null: the task decides on no amount.</summary>
    internal static TaskAuthority? Read(DbDataReader r) =>
        r.Text("decides_on") is not { } field
            ? null
            : new(field, r.Text("decides_in"), r.GetFieldValue<bool>(r.GetOrdinal("is_limited")), r["authority_limit"] as decimal?, r.Text("authority_role"));

    /// <summary>
    /// What the data decide, within whose authority: null when the task decides on no amount, or the outcome on none. An amount above the person's limit is
    /// refused: it is kept as a draft if they own the task, and the attempt is recorded.
    /// </summary>
    /// <param name="data">The form's data, checked.</param>
    /// <param name="keep">Whether the data become the draft of the task when they are refused.</param>
    internal static async Task<(TaskResult? Refused, AuthorityUse? Use)> CheckAsync(
        TaskRuntime tasks,
        TaskTransaction t,
        Person actor,
        string outcome,
        byte[] data,
        bool keep,
        CancellationToken cancel
    )
    {
        if (t.Task.DecidesOn is not { } name)
            return (null, null);
        var form = await TaskForms.FindAsync(tasks.Runtime.Definitions, t.Task.DefinitionVersionId, t.Task.Form, t.Task.FormName, cancel);
        if (Amount(form, name, outcome, data) is not { } amount)
            return (null, null);
        var authority = await OfAsync(t, actor.Id, cancel);
        var use = new AuthorityUse(
            name,
            form?.Root.Find(name)?.Title ?? name,
            amount,
            authority.Currency,
            authority.IsLimited,
            authority.Limit,
            authority.Role
        );
        if (authority.Covers(amount))
            return (null, use);
        var others = await OthersAsync(t, actor.Id, amount, cancel);
        if (keep)
            t.Write("update task set draft = $2 where id = $1", t.Task.Id, new Json(data));
        t.Instance.Record(
            new(
                "task.authority-exceeded",
                "task",
                Ids.Text(t.Task.Id),
                t.Task.Revision,
                JsonSerializer.SerializeToUtf8Bytes(
                    new
                    {
                        title = t.Task.Title,
                        outcome,
                        authority = use,
                    },
                    TaskJson.Options
                )
            )
            {
                ActivityId = t.Task.ActivityId,
            }
        );
        await t.Instance.CommitAsync(cancel);
        return (new TaskResult.AboveAuthority(use, others), null);
    }

    /// <summary>The amount that is decided. An outcome that doesn't ask for the field, while another does, decides on none.</summary>
    private static decimal? Amount(FormSchema? form, string field, string outcome, byte[] data)
    {
        if (
            form is { Outcomes: var outcomes }
            && outcomes.Values.Any(fields => fields.Contains(field))
            && !(outcomes.TryGetValue(outcome, out var own) && own.Contains(field))
        )
            return null;
        using var document = JsonDocument.Parse(data);
        return
            document.RootElement.ValueKind == JsonValueKind.Object
            && document.RootElement.TryGetProperty(field, out var value)
            && value.ValueKind == JsonValueKind.Number
            ? value.TryGetDecimal(out var amount)
                ? Math.Abs(amount)
                : decimal.MaxValue
            : null;
    }

    private static async Task<TaskAuthority> OfAsync(TaskTransaction t, Guid person, CancellationToken cancel)
    {
        await using var r = await t.Instance.QueryAsync(
            Sql.Command($"select {Columns} from person p cross join task t {Join("p.roles")} where p.id = $1 and t.id = $2", person, t.Task.Id),
            cancel
        );
        await r.ReadAsync(cancel);
        return Read(r)!;
    }

    /// <summary>People whose limit is high enough and who could be given the task or review it.</summary>
    private static async Task<IReadOnlyList<string>> OthersAsync(TaskTransaction t, Guid person, decimal amount, CancellationToken cancel)
    {
        var rules = Eligibility.OfRow("p", "$4");
        await using var r = await t.Instance.QueryAsync(
            Sql.Command(
                $"""
                select p.display_name from task t cross join person p
                where t.id = $1 and p.id <> $2 and p.active and exists (select from authority_limit a where a.journey = t.definition_id
                        and a.field = t.decides_on and a.role = any(p.roles) and {Fits("a")} and (a.amount is null or a.amount >= $3))
                    and coalesce({rules.MayBeGiven} or {rules.MayReview}, false)
                order by lower(p.display_name) limit 5
                """,
                t.Task.Id,
                person,
                amount,
                t.Now
            ),
            cancel
        );
        var names = new List<string>();
        while (await r.ReadAsync(cancel))
            names.Add(r.GetString(0));
        return names;
    }
}

/// <summary>An amount that was decided, or was to be, and the authority for it, as history keeps it.</summary>
/// <param name="Field">Field of the form.</param>
/// <param name="Label">What the form calls it.</param>
/// <param name="Amount">The amount, without its sign.</param>
/// <param name="Currency">ISO 4217 code; null: unknown.</param>
/// <param name="IsLimited">Whether there was any limit for the field.</param>
/// <param name="Limit">The person's limit; null with a role: none.</param>
/// <param name="Role">Key of the role that gave it; null: none did.</param>
public sealed record AuthorityUse(string Field, string Label, decimal Amount, string? Currency, bool IsLimited, decimal? Limit, string? Role);
