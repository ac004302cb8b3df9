using Dapper;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Staff;

namespace Orchestration.Workflows.Tests.Staff;

/// <summary>What tests of people and teams share.</summary>
internal static class Staffing
{
    public static async Task<PersonDetails> DetailsAsync(this World world, string userName) =>
        (await PersonDetails.FindAsync(world.Database, (await world.PersonAsync(userName)).Id, world.Clock.Now()))!;

    public static async Task<StaffResult> DeactivateAsync(this World world, string userName, string? reason = null, string actor = "admin")
    {
        var person = await world.DetailsAsync(userName);
        return await DeactivatePerson.RunAsync(world.Runtime, world.Get<ReturnWork>(), person.Id, person.Revision, reason, actor);
    }

    /// <summary>What a person was told: kind, title and text.</summary>
    public static async Task<IReadOnlyList<string>> ToldAsync(this World world, string userName)
    {
        await using var connection = await world.Database.OpenConnectionAsync();
        return
        [
            .. await connection.QueryAsync<string>(
                "select concat_ws(': ', kind, title, body) from notification n join person p on p.id = n.person_id where user_name = @userName order by n.id",
                new { userName }
            ),
        ];
    }

    /// <summary>What happened to a person.</summary>
    public static Task<IReadOnlyList<string>> PersonActionsAsync(this World world, string userName) =>
        world.ActionsOfAsync("person", "(select replace(id::text, '-', '') from person where user_name = @id)", userName);

    /// <summary>What happened to a team.</summary>
    public static Task<IReadOnlyList<string>> TeamActionsAsync(this World world, string key) => world.ActionsOfAsync("team", "@id", key);

    private static async Task<IReadOnlyList<string>> ActionsOfAsync(this World world, string entity, string idSql, string id)
    {
        await using var connection = await world.Database.OpenConnectionAsync();
        return
        [
            .. await connection.QueryAsync<string>($"select action from event where entity = '{entity}' and entity_id = {idSql} order by sequence", new { id }),
        ];
    }
}
