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

    /// <summary>Told about steps that take seconds: installing the server, making the cluster.</summary>
    public Action<string>? Progress { get; init; }
}

/// <summary>The server could not be started; the message tells an operator what to do about it.</summary>
public sealed class EmbeddedPostgresException(string message) : Exception(message);
