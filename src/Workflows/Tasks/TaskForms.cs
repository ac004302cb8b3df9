using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Forms;

namespace Orchestration.Workflows.Tasks;

/// <summary>The form of a task, pinned to the version its case runs on.</summary>
public static class TaskForms
{
    // Kept as long as the version it is pinned to stays in memory.
    private static readonly ConditionalWeakTable<JsonNode, Pinned> Parsed = [];

    /// <summary>The parsed schema, or null for a step without a form.</summary>
    /// <param name="versionId">Version the case runs on.</param>
    /// <param name="form">Schema of the step itself, or null.</param>
    /// <param name="formName">Name of a shared form, or null.</param>
    public static async ValueTask<FormSchema?> FindAsync(
        DefinitionStore definitions,
        string versionId,
        string? form,
        string? formName,
        CancellationToken cancel = default
    )
    {
        if (form is null)
            return formName is null ? null : await SharedAsync(definitions, versionId, formName, cancel);

        // A schema that doesn't parse is refused at publish; an expression can still produce one at run time. The step then has no form.
        return FormSchema.TryParse(form, out var schema, out _) ? schema : null;
    }

    /// <summary>A shared form as it was when the version was published, parsed once; null when it was none.</summary>
    internal static async ValueTask<FormSchema?> SharedAsync(DefinitionStore definitions, string versionId, string name, CancellationToken cancel) =>
        await definitions.FindResourceAsync(versionId, name, cancel) is not { } pinned
            ? null
            : Parsed.GetValue(pinned, static node => new(FormSchema.TryParse(node.ToJsonString(), out var schema, out _) ? schema : null)).Schema;

    private sealed record Pinned(FormSchema? Schema);

    /// <summary>
    /// Whether an outcome and its data fit. Data that do not are kept as a draft, in this transaction, and refused with every field and reason. Fields that are
    /// read-only keep what the form began with, whatever was sent.
    /// </summary>
    internal static async Task<(TaskResult? Refused, byte[] Data)> CheckAsync(
        TaskRuntime tasks,
        TaskTransaction t,
        string? outcome,
        string data,
        CancellationToken cancel
    )
    {
        if (outcome is null || !t.Task.Outcomes.Contains(outcome))
            return (new TaskResult.InvalidRequest("outcome", $"Choose one of: {string.Join(", ", t.Task.Outcomes)}."), []);
        var form = await FindAsync(tasks.Runtime.Definitions, t.Task.DefinitionVersionId, t.Task.Form, t.Task.FormName, cancel);
        if (form is not null)
            data = form.WithReadOnly(JsonNode.Parse(data)!.AsObject(), t.Task.Prefill is { } prefill ? JsonNode.Parse(prefill)!.AsObject() : []).ToJsonString();
        var utf8 = Encoding.UTF8.GetBytes(data);
        if (form is null)
            return (null, utf8);
        using var document = JsonDocument.Parse(utf8);
        // A read-only field can't be the person's mistake.
        var locked = form.Root.FieldsFor(document.RootElement).Where(field => field.ReadOnly).Select(field => "/" + field.Name).ToHashSet();
        var errors = form.Validate(document.RootElement, outcome).Where(error => !locked.Contains(error.Field)).ToList();
        if (errors.Count == 0)
            return (null, utf8);
        t.Write("update task set draft = $2 where id = $1", t.Task.Id, new Json(utf8));
        await t.Instance.CommitAsync(cancel);
        return (new TaskResult.InvalidData(errors), utf8);
    }
}
