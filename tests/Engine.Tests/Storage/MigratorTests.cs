using Dapper;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Testing;

namespace Orchestration.Engine.Tests.Storage;

public sealed class MigratorTests : IAsyncLifetime
{
    private static readonly Migration First = Migrator.Read("0001_first.sql", "create table first (id int primary key);");
    private static readonly Migration Second = Migrator.Read("0002_second.sql", "create table second (id int); insert into second values (1);");

    private TestDatabase _database = null!;

    public async ValueTask InitializeAsync() => _database = await TestDatabase.CreateEmptyAsync();

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task Migrations_are_applied_by_number_and_once()
    {
        (await MigrateAsync(Second, First)).Select(migration => migration.Number).ShouldBe([1, 2]);
        (await MigrateAsync(First, Second)).ShouldBeEmpty();
        (await QueryAsync<int>("select count(*) from second")).ShouldBe(1);
    }

    [Fact]
    public async Task Eight_hosts_that_start_at_once_migrate_once()
    {
        var hosts = await Task.WhenAll(
            Enumerable
                .Range(0, 8)
                .Select(_ =>
                    Task.Run(async () =>
                    {
                        await using var own = NpgsqlDataSource.Create(_database.ConnectionString);
                        return await new Migrator([First, Second]).MigrateAsync(own);
                    })
                )
        );
        hosts.Sum(applied => applied.Count).ShouldBe(2);
        (await QueryAsync<int>("select count(*) from second")).ShouldBe(1);
    }

    [Fact]
    public async Task The_lock_is_free_again_afterwards()
    {
        await MigrateAsync(First);
        (
            await QueryAsync<int>(
                "select count(*) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())"
            )
        ).ShouldBe(0);
    }

    [Fact]
    public async Task A_newer_database_is_refused()
    {
        await MigrateAsync(First, Second);
        (await RefusedAsync(First)).ShouldContain("newer than this program: it has migration 0002_second, this program knows up to 0001");
    }

    [Fact]
    public async Task A_changed_migration_is_refused_and_nothing_is_applied()
    {
        await MigrateAsync(First);
        (await RefusedAsync(Migrator.Read("0001_first.sql", "create table first (id bigint);"), Second)).ShouldContain("0001_first has changed");
        (await QueryAsync<string?>("select to_regclass('second')::text")).ShouldBeNull();
    }

    [Fact]
    public async Task A_database_from_before_the_baseline_is_refused_with_what_to_do()
    {
        await MigrateAsync(First with { Name = "engine" }, Second with { Name = "people" }, First with { Number = 60, Name = "refresh", Sql = "select 1" });
        var baseline = new Migrator(typeof(Migrator).Assembly);
        var refused = await Should.ThrowAsync<MigrationException>(() => baseline.MigrateAsync(_database.DataSource));
        refused.Message.ShouldStartWith("Migration 0001_engine has changed since it was applied to this database.");
        refused.Message.ShouldContain("drop it (an embedded one: delete the folder of Embedded:Directory) and start again");
        (await QueryAsync<string?>("select to_regclass('workflow_definition')::text")).ShouldBeNull();
    }

    [Fact]
    public async Task A_migration_below_the_last_applied_is_refused()
    {
        await MigrateAsync(Second);
        (await RefusedAsync(First, Second)).ShouldContain("0001_first comes too late");
    }

    [Fact]
    public async Task A_failing_migration_leaves_nothing_behind_and_can_be_repeated()
    {
        var failing = Migrator.Read("0002_second.sql", "create table second (id int); select 1 / 0;");
        (await RefusedAsync(First, failing)).ShouldContain("0002_second failed");
        (await QueryAsync<string?>("select to_regclass('second')::text")).ShouldBeNull();
        (await MigrateAsync(First, Second)).ShouldHaveSingleItem().ShouldBe(Second);
    }

    [Fact]
    public async Task A_server_without_an_extension_is_refused_with_what_to_do()
    {
        var refused = await RefusedAsync(First, Migrator.Read("0002_words.sql", "create extension no_such_extension;"));
        refused.ShouldContain("no_such_extension");
        refused.ShouldContain("contrib");
    }

    [Fact]
    public async Task A_database_that_is_away_is_a_lost_connection_and_not_a_hang()
    {
        await using var away = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Username=nobody");
        (await Should.ThrowAsync<NpgsqlException>(() => new Migrator([First]).MigrateAsync(away))).IsTransient.ShouldBeTrue();
    }

    [Fact]
    public void Line_ends_do_not_change_a_checksum() =>
        Migrator.Read("0003_x.sql", "select 1;\r\nselect 2;\r\n").ShouldBe(Migrator.Read("0003_x.sql", "select 1;\nselect 2;\n"));

    [Fact]
    public void Two_migrations_of_one_number_are_refused() =>
        Should.Throw<MigrationException>(() => new Migrator([First, Migrator.Read("0001_other.sql", "")])).Message.ShouldContain("0001 exists twice");

    [Theory]
    [InlineData("1_first.sql")]
    [InlineData("0001-first.sql")]
    [InlineData("0001_First.sql")]
    public void A_misnamed_migration_is_refused(string file) => Should.Throw<MigrationException>(() => Migrator.Read(file, "")).Message.ShouldContain(file);

    [Fact]
    public async Task A_test_database_has_the_schema_of_the_product()
    {
        await using var database = await TestDatabase.CreateAsync();
        (await new Migrator(typeof(Migrator).Assembly).MigrateAsync(database.DataSource)).ShouldBeEmpty();
    }

    private Task<IReadOnlyList<Migration>> MigrateAsync(params Migration[] migrations) => new Migrator(migrations).MigrateAsync(_database.DataSource);

    private async Task<string> RefusedAsync(params Migration[] migrations) =>
        (await Should.ThrowAsync<MigrationException>(() => MigrateAsync(migrations))).Message;

    private async Task<T?> QueryAsync<T>(string sql)
    {
        await using var connection = await _database.DataSource.OpenConnectionAsync();
        return await connection.ExecuteScalarAsync<T>(sql);
    }
}
