using Dapper;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Testing;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Tests.Storage;

/// <summary>What the two roles in the database can do. All other tests of the workflows run with the application's role.</summary>
public sealed class DatabaseRoleTests : IAsyncLifetime
{
    private const string Team = """
        "title": { "typeName": "String", "expression": { "type": "Literal", "value": "Check the cover" } },
        "team": { "typeName": "String", "expression": { "type": "Literal", "value": "claims-adjusting" } }
        """;

    private World _world = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync();
        await Partitions.EnsureAsync(_world.Database, _world.Clock.Now());

        // Partitions of later months, as housekeeping creates them.
        _world.Clock.Advance(Duration.FromDays(62));
        await Partitions.EnsureAsync(_world.Database, _world.Clock.Now());
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task The_application_can_t_change_history_in_any_table_or_partition()
    {
        var tables = await HistoryTablesAsync();

        tables.ShouldContain("event_y2026m10", "created by the application, later");
        tables.ShouldContain("event_default");
        foreach (var table in tables)
        {
            await RefusedAsync($"update {table} set at = at");
            await RefusedAsync($"delete from {table}");
            await RefusedAsync($"truncate {table}");
            await RefusedAsync($"alter table {table} disable trigger all");
            await RefusedAsync($"drop table {table}");
        }

        await RefusedAsync("delete from event_chain");
        await RefusedAsync("update event_chain set name = name");
        await RefusedAsync("delete from schema_migration");
        await RefusedAsync("set orchestration.erasure = on; update event set salt = null, payload = null");
        await RefusedAsync("select grant_application('orchestration_app')");
        await RefusedAsync("create table mine (id int)");
    }

    [Fact]
    public async Task Nobody_truncates_history_by_mistake_in_any_table_or_partition()
    {
        foreach (var table in await HistoryTablesAsync())
            (await Should.ThrowAsync<PostgresException>(() => _world.ScalarAsync<int>($"truncate {table}"))).SqlState.ShouldBe("23000", table);
    }

    [Fact]
    public async Task An_erasure_says_in_the_same_chain_who_asked_and_why()
    {
        await _world.PublishAsync("one", ("a", Team));
        var id = await _world.StartAsync("one");
        var (events, payloads) = await CountAsync(id);

        (await EraseAsync(id, [1], "admin", " ")).ShouldBe("23514", "no reason");
        (await EraseAsync(Ids.Named("nothing"), null, "admin", "nothing there")).ShouldBe("0");
        var sequence = await _world.ScalarAsync<int>("select min(sequence) from event where chain_id = @id and payload is not null", new { id });
        (await EraseAsync(id, [sequence], "admin", "The customer asked for it.")).ShouldBe("1");

        (await CountAsync(id)).ShouldBe((events + 1, payloads));
        (
            await _world.ScalarAsync<string>(
                """
                select actor || ': ' || payload::text from event
                where chain_id = @id and action = 'history.erased'
                """,
                new { id }
            )
        ).ShouldBe($$"""admin: {"reason" : "The customer asked for it.", "sequences" : [{{sequence}}]}""");

        // What notes an erasure stays.
        (await EraseAsync(id, null, "admin", "All of it.")).ShouldBe((payloads - 1).ToString(System.Globalization.CultureInfo.InvariantCulture));
        (await EraseAsync(id, null, "admin", "Once more.")).ShouldBe("0");

        // The case goes on with the chain as the erasure left it.
        (await CancelCase.RunAsync(_world.Runtime, id, "customer withdrew", await _world.PersonAsync("supervisor"))).ShouldBe(CancelCaseResult.Cancelled);
        (
            await _world.ScalarAsync<bool>(
                """
                select (select array_agg(sequence order by sequence) = array(select generate_series(1, i.event_sequence)) from event where chain_id = i.id)
                from workflow_instance i where id = @id
                """,
                new { id }
            )
        ).ShouldBeTrue();
    }

    [Fact]
    public async Task Runs_are_deleted_and_their_history_stays()
    {
        await _world.PublishAsync("one", ("a", Team));
        var run = (await _world.Runtime.StartAsync(new("one", []), "test")).ShouldBeOfType<StartResult.Started>().InstanceId;
        (await _world.Runtime.CancelAsync(run, "a trial", "test")).ShouldBeTrue();

        (await DeleteRuns.RunAsync(_world.Database, [run])).ShouldBe((1, 0));

        (await _world.ScalarAsync<int>("select count(*) from workflow_instance where id = @run", new { run })).ShouldBe(0);
        (await _world.ScalarAsync<int>("select count(*) from event where chain_id = @run", new { run })).ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Rights_that_the_application_does_not_need_are_found()
    {
        (await DatabaseRoles.ExcessAsync(_world.Database)).ShouldBeNull();
        await using var owner = NpgsqlDataSource.Create(_world.OwnerConnectionString);
        (await DatabaseRoles.ExcessAsync(owner)).ShouldNotBeNull().ShouldEndWith("can change tables, can change history");

        await _world.ScalarAsync<int>("grant update on event to orchestration_app");
        (await DatabaseRoles.ExcessAsync(_world.Database)).ShouldBe("orchestration_app can change history");

        // The owner's next start takes them away again.
        await DatabaseRoles.GrantAsync(owner, _world.ConnectionString);
        (await DatabaseRoles.ExcessAsync(_world.Database)).ShouldBeNull();
    }

    [Fact]
    public async Task Without_the_owner_the_schema_must_be_up_to_date()
    {
        var migrator = new Migrator(typeof(Sql).Assembly, typeof(Person).Assembly);
        (await DatabaseRoles.CanMigrateAsync(_world.Database)).ShouldBeFalse();
        await migrator.CheckAsync(_world.Database);

        await using var empty = await TestDatabase.CreateEmptyAsync();
        await using var application = NpgsqlDataSource.Create(empty.ApplicationConnectionString);
        (await Should.ThrowAsync<MigrationException>(() => migrator.CheckAsync(application))).Message.ShouldStartWith(
            "The database lacks migration 0001_engine"
        );
    }

    private async Task<IReadOnlyList<string>> HistoryTablesAsync()
    {
        await using var connection = await _world.Database.OpenConnectionAsync();
        return [.. await connection.QueryAsync<string>("select tree.relid::regclass::text from history_tables() history, pg_partition_tree(history) tree")];
    }

    private async Task RefusedAsync(string sql)
    {
        await using var command = _world.Database.CreateCommand(sql);
        (await Should.ThrowAsync<PostgresException>(() => command.ExecuteNonQueryAsync(), sql)).SqlState.ShouldBe("42501", sql);
    }

    private async Task<string> EraseAsync(Guid chain, int[]? sequences, string actor, string reason)
    {
        await using var query = _world.Database.Query(
            "select erase_history($1, $2::int[], $3, $4, $5)::text",
            chain,
            sequences,
            _world.Clock.Now(),
            actor,
            reason
        );
        try
        {
            return (string)(await query.ExecuteScalarAsync())!;
        }
        catch (PostgresException e)
        {
            return e.SqlState;
        }
    }

    private async Task<(int Events, int Payloads)> CountAsync(Guid chain) =>
        (
            await _world.ScalarAsync<int>("select count(*) from event where chain_id = @chain", new { chain }),
            await _world.ScalarAsync<int>("select count(*) from event where chain_id = @chain and payload is not null", new { chain })
        );
}
