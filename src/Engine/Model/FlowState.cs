namespace Orchestration.Engine.Model;

/// <summary>
/// Progress of one flowchart execution. Arrays are indexed by the compiled flowchart's own numbering, whose names travel along so that
/// a state written under another version of the definition finds its counts again.
/// </summary>
internal sealed class FlowState(string[] activityIds, string[] connectionIds)
{
    public string[] ActivityIds { get; private set; } = activityIds;
    public string[] ConnectionIds { get; private set; } = connectionIds;

    /// <summary>The activity this execution started with; loops and joins depend on it.</summary>
    public string? StartId { get; set; }

    public int[] ActivityVisits { get; private set; } = new int[activityIds.Length];
    public int[] ConnectionVisits { get; private set; } = new int[connectionIds.Length];
    public bool[] LastFollowed { get; private set; } = new bool[connectionIds.Length];
    public List<FlowToken>? Tokens { get; set; }

    /// <summary>Moves the counts to another numbering.</summary>
    public void Rebase(string[] activityIds, string[] connectionIds)
    {
        if (ReferenceEquals(ActivityIds, activityIds) && ReferenceEquals(ConnectionIds, connectionIds))
            return;

        var activityVisits = new int[activityIds.Length];
        var connectionVisits = new int[connectionIds.Length];
        var lastFollowed = new bool[connectionIds.Length];

        for (var i = 0; i < ActivityIds.Length; i++)
        {
            if (Array.IndexOf(activityIds, ActivityIds[i]) is >= 0 and var at)
                activityVisits[at] = ActivityVisits[i];
        }

        for (var i = 0; i < ConnectionIds.Length; i++)
        {
            if (Array.IndexOf(connectionIds, ConnectionIds[i]) is >= 0 and var at)
            {
                connectionVisits[at] = ConnectionVisits[i];
                lastFollowed[at] = LastFollowed[i];
            }
        }

        (ActivityIds, ConnectionIds, ActivityVisits, ConnectionVisits, LastFollowed) = (
            activityIds,
            connectionIds,
            activityVisits,
            connectionVisits,
            lastFollowed
        );
    }
}

/// <summary>A token of a flowchart in token mode.</summary>
internal sealed class FlowToken(string from, string? outcome, string to)
{
    public string From { get; } = from;
    public string? Outcome { get; } = outcome;
    public string To { get; } = to;
    public bool Consumed { get; set; }
    public bool Blocked { get; set; }
    public bool IsLive => !Consumed && !Blocked;
}
