using Orchestration.Testing;

namespace Orchestration.Host.Tests;

/// <summary>One host for the tests of a class that leave it as they found it.</summary>
public sealed class SharedHost : IAsyncLifetime
{
    private TestDatabase _database = null!;

    public HostApp App { get; private set; } = null!;

    public string ConnectionString => _database.ConnectionString;

    public async ValueTask InitializeAsync()
    {
        _database = await StartedDatabase.CreateAsync();
        App = new(_database.ConnectionString);
    }

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        await _database.DisposeAsync();
    }
}
