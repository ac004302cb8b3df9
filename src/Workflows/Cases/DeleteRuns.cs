using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Cases;

/// <summary>
/// Deletes finished runs that don't belong to a case: trials from the designer. Their history is kept (it is append-only). Only retention deletes cases.
/// </summary>
public static class DeleteRuns
{
    /// <summary>Returns how many were deleted and how many of those named were kept.</summary>
    public static async Task<(int Deleted, int Kept)> RunAsync(NpgsqlDataSource database, Guid[] ids, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            with found as (select id, status = 'Finished' and not exists (select from journey_case c where c.id = run_root(i.id, i.parent_id)) as may_go
                from workflow_instance i where id = any($1) for update),
                 gone as (delete from workflow_instance where id in (select id from found where may_go))
            select count(*) filter (where may_go), count(*) filter (where not may_go) from found
            """,
            ids
        );
        await using var reader = await query.ExecuteReaderAsync(cancel);
        await reader.ReadAsync(cancel);
        return ((int)reader.GetInt64(0), (int)reader.GetInt64(1));
    }
}
