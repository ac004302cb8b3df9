using System.Text.Json.Serialization;
using NodaTime;

namespace Orchestration.Workflows.ProcessMining;

/// <summary>Formats of logs.</summary>
public static class LogFormats
{
    /// <summary>XES (IEEE 1849-2016): one trace a case.</summary>
    public const string Xes = "xes";

    /// <summary>OCEL 2.0 (JSON): events about cases, tasks, customers and people.</summary>
    public const string Ocel = "ocel";

    /// <summary>A table of events.</summary>
    public const string Csv = "csv";

    /// <summary>The same table as Apache Parquet.</summary>
    public const string Parquet = "parquet";

    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<string> All = [Xes, Ocel, Csv, Parquet];
}

/// <summary>What a log is to have.</summary>
/// <param name="Format">Of <see cref="LogFormats"/>.</param>
/// <param name="Journey">Cases of this journey; null: of all.</param>
/// <param name="StartedFrom">Cases that began on this day (UTC) or later.</param>
/// <param name="StartedUntil">Cases that began on this day (UTC) or earlier.</param>
/// <param name="Reason">Why.</param>
public sealed record LogRequest(string Format, string? Journey, LocalDate? StartedFrom, LocalDate? StartedUntil, string? Reason);

/// <summary>Where the file of a log stands.</summary>
public enum LogState
{
    Queued,
    Running,
    Done,
    Failed,
}

/// <summary>A file of a log.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Format">Of <see cref="LogFormats"/>.</param>
/// <param name="Journey">Cases of this journey; null: of all.</param>
/// <param name="StartedFrom">First day, or null.</param>
/// <param name="StartedUntil">Last day, or null.</param>
/// <param name="Reason">Why.</param>
/// <param name="RequestedBy">User name of who asked.</param>
/// <param name="RequestedAt">When. What happened later is not in it.</param>
/// <param name="State">Where it stands.</param>
/// <param name="Cases">Cases so far.</param>
/// <param name="Events">Events so far.</param>
/// <param name="Size">Bytes so far.</param>
/// <param name="Error">Why it failed.</param>
/// <param name="EndedAt">When it ended.</param>
/// <param name="KeepDays">How many days it is kept after that.</param>
public sealed record LogFile(
    Guid Id,
    string Format,
    string? Journey,
    LocalDate? StartedFrom,
    LocalDate? StartedUntil,
    string Reason,
    string RequestedBy,
    Instant RequestedAt,
    [property: JsonConverter(typeof(JsonStringEnumConverter<LogState>))] LogState State,
    long Cases,
    long Events,
    long Size,
    string? Error,
    Instant? EndedAt,
    int KeepDays
)
{
    /// <summary>Name for downloads.</summary>
    public string FileName => $"{Journey ?? "all"}-{RequestedAt.InUtc().Date:uuuuMMdd}{(Format == LogFormats.Ocel ? ".ocel.json" : "." + Format)}";

    /// <summary>Its media type.</summary>
    public string ContentType =>
        Format switch
        {
            LogFormats.Xes => "application/xml",
            LogFormats.Ocel => "application/json",
            LogFormats.Parquet => "application/vnd.apache.parquet",
            _ => "text/csv",
        };
}

/// <summary>How asking for a log went.</summary>
public abstract record LogResult
{
    private LogResult() { }

    /// <summary>It is being written.</summary>
    public sealed record Asked(Guid Id) : LogResult;

    /// <summary>Reasons by field.</summary>
    public sealed record Invalid(IReadOnlyDictionary<string, string[]> Errors) : LogResult;
}

/// <summary>A case of a log.</summary>
internal sealed record MinedCase(Guid Id, string Reference, string Journey, string Customer, bool IsFirstOfCustomer, Instant StartedAt)
{
    public List<MinedEvent> Events { get; } = [];
}

/// <summary>An event of a case.</summary>
/// <param name="Activity">The step, or what happened to the case.</param>
/// <param name="Action">As history names it: <c>task.claimed</c>.</param>
internal sealed record MinedEvent(int Sequence, string Activity, string Action, string Actor, Instant At, string? Task)
{
    /// <summary>As the lifecycle extension of XES names it.</summary>
    public string Transition =>
        Action switch
        {
            "task.opened" => "schedule",
            "task.claimed" or "task.assigned" or "task.delegated" => "assign",
            "task.reassigned" or "task.forwarded" or "task.taken-over" or "task.released" => "reassign",
            "task.started" => "start",
            "task.suspended" => "suspend",
            "task.resumed" => "resume",
            "task.completed" or "case.started" => "complete",
            "task.skipped" => "manualskip",
            "task.cancelled" or "case.cancelled" => "pi_abort",
            "task.failed" => "ate_abort",
            _ => "unknown",
        };
}
