using System.Text;
using System.Text.Json.Nodes;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Forms;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tasks.Verbs;

/// <summary>Saves the owner's draft. The task's revision doesn't change, and nothing is written to history.</summary>
public static class SaveDraft
{
    /// <summary>Whether the person owns the task, and its form: null when the step has none.</summary>
    public static async Task<(bool IsTheirs, FormSchema? Form)> FormAsync(WorkflowRuntime runtime, Guid task, Person actor, CancellationToken cancel = default)
    {
        await using var query = runtime.Database.Query(
            "select form, form_name, definition_version_id from task where id = $1 and owner_id = $2 and state in ('Reserved', 'InProgress')",
            task,
            actor.Id
        );
        string? form,
            name;
        string version;
        await using (var r = await query.ExecuteReaderAsync(cancel))
        {
            if (!await r.ReadAsync(cancel))
                return (false, null);
            (form, name, version) = (r.Text(0), r.Text(1), r.GetString(2));
        }

        return (true, await TaskForms.FindAsync(runtime.Definitions, version, form, name, cancel));
    }

    /// <summary>
    /// Saves. False when the person no longer owns the task, or someone else changed it since they saw it.
    /// </summary>
    /// <param name="task">The task.</param>
    /// <param name="revision"> Revision the owner last saw; null: whatever it is. What the owner or the product itself changed since then does not matter.
    /// </param>
    /// <param name="data">The data, whether they fit the form or not.</param>
    /// <param name="actor">The owner.</param>
    public static async Task<bool> RunAsync(
        NpgsqlDataSource database,
        Guid task,
        int? revision,
        JsonObject data,
        Person actor,
        CancellationToken cancel = default
    )
    {
        await using var update = database.Query(
            """
            update task set draft = $3 where id = $1 and owner_id = $2 and state in ('Reserved', 'InProgress')
                and (revision = coalesce($4, revision) or changed_by in ($5, 'system'))
            """,
            task,
            actor.Id,
            new Json(Encoding.UTF8.GetBytes(data.ToJsonString())),
            revision,
            actor.UserName
        );
        return await update.ExecuteNonQueryAsync(cancel) == 1;
    }
}
