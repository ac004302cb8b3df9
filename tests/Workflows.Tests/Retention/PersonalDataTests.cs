using Dapper;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Testing;
using Orchestration.Workflows.Retention;

namespace Orchestration.Workflows.Tests.Retention;

public sealed class PersonalDataTests
{
    // Tables that can hold what someone typed, and those that belong to cases, tasks, deadlines or customers.
    private const string Tables = """
        select distinct c.relname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
            and format_type(a.atttypid, null) in ('text', 'json', 'jsonb', 'bytea', 'text[]', 'character varying', 'name', 'json[]', 'date', 'uuid', 'uuid[]')
        order by 1
        """;

    private const string OfCases = """
        select distinct c.conrelid::regclass::text from pg_constraint c where c.contype = 'f'
            and c.confrelid::regclass::text in ('workflow_instance', 'journey_case', 'task', 'sla_clock', 'customer') order by 1
        """;

    [Fact]
    public async Task Every_table_says_whether_it_holds_something_of_a_customer()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var connection = await database.DataSource.OpenConnectionAsync();
        var places = PersonalData.Places.Select(place => place.Table).ToHashSet();
        var tables = (await connection.QueryAsync<string>(Tables)).ToList();
        tables
            .Where(table => !places.Contains(table) && !PersonalData.NotPersonal.ContainsKey(table))
            .ShouldBeEmpty("Add each to PersonalData.Places, or to NotPersonal with its reason.");
        tables.Where(table => places.Contains(table) && PersonalData.NotPersonal.ContainsKey(table)).ShouldBeEmpty();
        places.Concat(PersonalData.NotPersonal.Keys).Except(tables).ShouldBeEmpty("There are no such tables.");
        (await connection.QueryAsync<string>(OfCases)).Except(places).ShouldBeEmpty("They belong to a case or a customer: add them to PersonalData.Places.");
    }

    [Fact]
    public async Task The_condition_of_every_place_is_one_that_the_database_understands()
    {
        await using var office = await RetentionWorld.CreateAsync();
        foreach (var place in PersonalData.Places)
        {
            await using var connection = await office.World.Database.OpenConnectionAsync();
            await using var batch = connection.CreateBatch();
            Engine.Storage.Sql.Add(
                batch,
                $"select count(*) from {place.Table} t where {place.Where}",
                Removal.Values(place, [Guid.AllBitsSet], [Guid.AllBitsSet], ["x"], ["y"])
            );
            ((long)(await batch.ExecuteScalarAsync())!).ShouldBe(0, place.Table);
        }
    }
}
