namespace Orchestration.Embedded;

/// <summary>What to start, and where.</summary>
public sealed record EmbeddedPostgresOptions
{
    /// <summary>The directory of the cluster, its password and its log. Made when missing; an existing one must be empty or ours.</summary>
    public required string Directory { get; init; }

    /// <summary>A folder with the <c>package.json</c> and <c>package-lock.json</c> that name the npm package of the server, used
    /// where the machine has none of its own. Default: those of this program.</summary>
    public string Package { get; init; } = Path.Combine(AppContext.BaseDirectory, "Embedded");

    /// <summary>The database to connect to, made when missing.</summary>
    public string Database { get; init; } = "orchestration";

    /// <summary>Removes <see cref="Directory"/> once the server has stopped, also when this process was killed.</summary>
    public bool Temporary { get; init; }

    /// <summary>Server settings by name. Default: the server's own, which survive a power cut.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Settings for a server that shares this machine with the host: an eighth of the memory for its buffers (128 MB to 1 GB), half of it assumed to be
    /// the system's cache, checkpoints every quarter of an hour or 4 GB of log, and no JIT, which costs more than it saves in statements of
    /// milliseconds. Nothing here risks data.
    /// </summary>
    public static IReadOnlyDictionary<string, string> MachineSettings
    {
        get
        {
            var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20;
            return new Dictionary<string, string>
            {
                ["shared_buffers"] = $"{Math.Clamp(memory / 8, 128, 1024)}MB",
                ["effective_cache_size"] = $"{Math.Max(memory / 2, 256)}MB",
                ["work_mem"] = "16MB",
                ["maintenance_work_mem"] = "128MB",
                ["jit"] = "off",
                ["wal_compression"] = "on",
                ["wal_buffers"] = "16MB",
                ["max_wal_size"] = "4GB",
                ["checkpoint_timeout"] = "15min",
                ["random_page_cost"] = "1.1",
            };
        }
    }

    /// <summary>Told about steps that take seconds: installing the server, making the cluster.</summary>
    public Action<string>? Progress { get; init; }
}

/// <summary>The server could not be started; the message tells an operator what to do about it.</summary>
public sealed class EmbeddedPostgresException(string message) : Exception(message);
