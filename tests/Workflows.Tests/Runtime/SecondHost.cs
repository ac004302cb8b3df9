using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Tests.Runtime;

/// <summary>A second host's runtime on the database of a <see cref="World"/>: its own pool, its own caches, the same clock.</summary>
internal sealed class SecondHost : IAsyncDisposable
{
    public SecondHost(World world)
    {
        Database = Sql.CreateDataSource(world.ConnectionString);
        var definitions = new DefinitionStore(Database, world.Runtime.Definitions.Registry, new Changes(NullLogger<Changes>.Instance));
        Runtime = new(
            Database,
            definitions,
            world.Runtime.BurstWrites,
            new Changes(NullLogger<Changes>.Instance),
            world.Clock,
            NullLogger<WorkflowRuntime>.Instance
        );
    }

    public NpgsqlDataSource Database { get; }

    public WorkflowRuntime Runtime { get; }

    public ValueTask DisposeAsync() => Database.DisposeAsync();
}
