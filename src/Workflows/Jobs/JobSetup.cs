using Hangfire;
using Hangfire.Common;
using Hangfire.PostgreSql;
using Hangfire.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Jobs;

/// <summary>Hangfire's queues. Each has its own workers, so that slow receivers and long work never delay a clock.</summary>
internal static class JobQueues
{
    /// <summary>The recurring jobs: each needs one worker at most.</summary>
    public const string Sweeps = "sweeps";

    /// <summary>Effects, and work that people asked for.</summary>
    public const string Work = "work";
}

/// <summary>Hangfire with its PostgreSQL storage in the database of the application: any number of hosts, one run of each tick.</summary>
public static class JobSetup
{
    /// <summary>Schema of Hangfire's tables.</summary>
    public const string Schema = "hangfire";

    private const int WorkersForWork = 8;

    // Another host takes over the jobs of a dead host after at most Abandoned + Poll. A job that is queued in this process starts at once.
    private static readonly TimeSpan Abandoned = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(15);

    // Held only briefly; a lock left by a dead host is ignored after this time.
    private static readonly TimeSpan Lock = TimeSpan.FromSeconds(10);

    // Shorter than the host's own, which then still closes its connections.
    private static readonly TimeSpan Shutdown = TimeSpan.FromSeconds(15);

    /// <summary>Adds Hangfire, its servers and the jobs. Hangfire uses its own connections, with their own prepared statements.</summary>
    public static void AddJobs(this IServiceCollection services, string connectionString)
    {
        var options = new PostgreSqlStorageOptions
        {
            SchemaName = Schema,
            PrepareSchemaIfNecessary = false,
            QueuePollInterval = Poll,
            InvisibilityTimeout = Abandoned,
            UseSlidingInvisibilityTimeout = true,
            DistributedLockTimeout = Lock,
            JobExpirationCheckInterval = TimeSpan.FromMinutes(5),
        };
        services
            .AddSingleton(s => new JobDatabase(connectionString, s.GetRequiredService<NpgsqlDataSource>()))
            .AddSingleton<JobStorage>(s => new PostgreSqlStorage(s.GetRequiredService<JobDatabase>(), options))
            .AddSingleton<JobActivator>(s => new Hangfire.AspNetCore.AspNetCoreJobActivator(s.GetRequiredService<IServiceScopeFactory>()))
            .AddSingleton<IJobFilterProvider>(s => new JobFilterProviderCollection(Filters(s), new JobFilterAttributeFilterProvider()))
            .AddSingleton<JobMetrics>()
            .AddSingleton<JobDesk>()
            .AddSingleton<BackgroundWork>()
            .AddSingleton<Sweeps>()
            .AddSingleton<DeliverEffect>()
            .AddSingleton<DoWork>()
            .AddHostedService<JobSchedule>()
            .AddHostedService<JobWatch>()
            .AddHangfire(
                (s, hangfire) =>
                    hangfire
                        .UseLogProvider(new JobLog(s.GetRequiredService<ILoggerFactory>(), s.GetRequiredService<TimeProvider>()))
                        .UseSimpleAssemblyNameTypeSerializer()
                        .UseRecommendedSerializerSettings()
            )
            .AddHangfireServer(o => Configure(o, JobQueues.Sweeps, JobCatalog.All.Count))
            .AddHangfireServer(o =>
            {
                Configure(o, JobQueues.Work, WorkersForWork);

                // The other one looks after the tables for both.
                o.IsLightweightServer = true;
            });
    }

    /// <summary>Brings Hangfire's tables up to date. Any number of hosts can do so concurrently.</summary>
    /// <param name="owner">Connections of the owner of the tables.</param>
    public static async Task InstallAsync(NpgsqlDataSource owner, CancellationToken cancel = default)
    {
        await using var alone = await SchemaLock.TakeAsync(owner, cancel);
        await using var connection = await owner.OpenConnectionAsync(cancel);
        PostgreSqlObjectsInstaller.Install(connection, Schema);
    }

    private static void Configure(BackgroundJobServerOptions options, string queue, int workers)
    {
        options.ServerName = $"{Environment.MachineName}:{Environment.ProcessId}:{queue}";
        options.Queues = [queue];
        options.WorkerCount = workers;
        options.SchedulePollingInterval = TimeSpan.FromSeconds(15);
        options.ShutdownTimeout = Shutdown;
        options.HeartbeatInterval = TimeSpan.FromSeconds(10);
        options.ServerTimeout = TimeSpan.FromMinutes(1);
        options.ServerCheckInterval = TimeSpan.FromMinutes(1);
    }

    private static JobFilterCollection Filters(IServiceProvider services)
    {
        var filters = new JobFilterCollection();
        filters.Add(new StartWhenDue(services.GetRequiredService<NpgsqlDataSource>(), services.GetRequiredService<IClock>()));
        filters.Add(new Retention());
        filters.Add(new EndOfWork(services));
        filters.Add(new StatisticsHistoryAttribute());
        return filters;
    }
}

/// <summary>Connections of Hangfire.</summary>
internal sealed class JobDatabase : IConnectionFactory, IDisposable
{
    private readonly NpgsqlDataSource _database;

    /// <param name="connectionString">The application's.</param>
    /// <param name="application">Created first, so that it, and the server it may have started, is disposed last.</param>
    public JobDatabase(string connectionString, NpgsqlDataSource application)
    {
        ArgumentNullException.ThrowIfNull(application);
        _database = Sql.CreateDataSource(connectionString);
    }

    public NpgsqlConnection GetOrCreateConnection() => _database.CreateConnection();

    public void Dispose() => _database.Dispose();
}

/// <summary>Schedules the jobs before any server starts. Hosts that start together take turns.</summary>
internal sealed class JobSchedule(NpgsqlDataSource database, JobStorage storage, IRecurringJobManagerV2 jobs) : IHostedLifecycleService
{
    private static readonly RecurringJobOptions Utc = new() { TimeZone = TimeZoneInfo.Utc };

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        await using var alone = await SchemaLock.TakeAsync(database, cancellationToken);
        using (var connection = storage.GetConnection())
        {
            foreach (var old in connection.GetRecurringJobs().Where(job => JobCatalog.Find(job.Id) is null))
                jobs.RemoveIfExists(old.Id);
        }

        foreach (var job in JobCatalog.All)
            jobs.AddOrUpdate(job.Name, Job.FromExpression(job.Run, JobQueues.Sweeps), job.Cron, Utc);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
