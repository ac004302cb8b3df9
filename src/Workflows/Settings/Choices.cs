using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Settings;

/// <summary>Something a human step can be given by name.</summary>
/// <param name="Kind"><c>team</c>, <c>skill</c>, <c>form</c>, <c>sla</c> or <c>calendar</c>.</param>
/// <param name="Key">As the definition names it.</param>
/// <param name="Title">As people call it.</param>
public sealed record Choice(string Kind, string Key, string Title);

/// <summary>What there is to choose from right now, for the designer.</summary>
public static class Choices
{
    /// <summary>Everything, by kind and title. Policies of cases are no choice for a step.</summary>
    public static async Task<ILookup<string, Choice>> ReadAsync(NpgsqlDataSource database, CancellationToken cancel = default)
    {
        await using var query = database.Query(
            """
            select 'team', key, title from team where retired_at is null
            union all select 'skill', key, title from skill where retired_at is null
            union all select kind, name, coalesce(document ->> 'title', document ->> 'name', name) from setting_document
                where is_latest and (kind <> 'sla' or coalesce(document ->> 'subject', 'task') = 'task')
            order by 1, 3, 2
            """
        );
        await using var reader = await query.ExecuteReaderAsync(cancel);
        var choices = new List<Choice>();
        while (await reader.ReadAsync(cancel))
            choices.Add(new(reader.GetString(0), reader.GetString(1), reader.GetString(2)));
        return choices.ToLookup(c => c.Kind);
    }
}
