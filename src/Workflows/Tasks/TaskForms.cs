using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orchestration.Engine.Runtime;
using Orchestration.Workflows.Forms;

namespace Orchestration.Workflows.Tasks;

/// <summary>The form of a task, pinned to the version its case runs on.</summary>
public static class TaskForms
{
    /// <summary>The parsed schema, or null for a step without a form.</summary>
    /// <param name="definitions">Definitions.</param>
    /// <param name="versionId">Version the case runs on.</param>
    /// <param name="form">Schema of the step itself, or null.</param>
    /// <param name="formName">Name of a shared form, or null.</param>
    /// <param name="cancel">Cancels.</param>
    public static async ValueTask<FormSchema?> FindAsync(DefinitionStore definitions, string versionId, string? form, string? formName, CancellationToken cancel = default)
    {
        if (form is null && formName is not null)
            form = (await definitions.FindResourceAsync(versionId, formName, cancel))?.ToJsonString();
        if (form is null)
            return null;

        // A schema that does not parse was refused at publish; an expression may still produce one at run time. The step then has no form.
        return FormSchema.TryParse(form, out var schema, out _) ? schema : null;
    }
}
