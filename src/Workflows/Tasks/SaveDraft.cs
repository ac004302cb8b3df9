using System.Text.Json.Nodes;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tasks;

/// <summary>Keeps what the owner typed so far. A draft is no change of the task: its revision stays, and history does not tell.</summary>
public static class SaveDraft
{
    /// <summary>Saves. False when there is no such live task of this owner.</summary>
    public static async Task<bool> RunAsync(NpgsqlDataSource database, Guid task, JsonObject data, Person actor, CancellationToken cancel = default)
    {
        await using var update = database.Query(
            "update task set draft = $3 where id = $1 and owner_id = $2 and ended_at is null", task, actor.Id, new Json(System.Text.Encoding.UTF8.GetBytes(data.ToJsonString())));
        return await update.ExecuteNonQueryAsync(cancel) == 1;
    }
}
