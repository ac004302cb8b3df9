using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using Orchestration.Host.Startup;
using Orchestration.Host.Tests;
using Orchestration.Testing;

[assembly: AssemblyFixture(typeof(StartedDatabase))]

namespace Orchestration.Host.Tests;

/// <summary>
/// Databases on which the host has started once, with its demo people and definitions. Copies of one that the first test makes, so that
/// not every host has to fill its own.
/// </summary>
public sealed class StartedDatabase : IAsyncDisposable
{
    private static readonly Lazy<Task<TestDatabase>> Original = new(MakeAsync);

    public static async Task<TestDatabase> CreateAsync() => await (await Original.Value).CopyAsync();

    public async ValueTask DisposeAsync()
    {
        if (Original.IsValueCreated)
            await (await Original.Value).DisposeAsync();
    }

    private static async Task<TestDatabase> MakeAsync()
    {
        var database = await TestDatabase.CreateAsync();
        await using var host = new HostApp(database.ConnectionString);
        host.StartServer();

        // Of a hash as people have it, a sign-in takes 50 ms by design.
        var cheap = new PasswordHasher<object>(Options.Create(new PasswordHasherOptions { IterationCount = 1 }));
        await using var passwords = database.DataSource.CreateCommand("update person set password_hash = $1 where password_hash is not null");
        passwords.Parameters.Add(new() { Value = cheap.HashPassword(database, FirstStart.DemoPassword) });
        await passwords.ExecuteNonQueryAsync();
        return database;
    }
}
