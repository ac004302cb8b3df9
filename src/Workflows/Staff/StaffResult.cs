namespace Orchestration.Workflows.Staff;

/// <summary>How a change of people or teams went. Nothing was changed unless it is <see cref="Done"/> or <see cref="Added"/>.</summary>
public abstract record StaffResult
{
    private StaffResult() { }

    /// <summary>It happened.</summary>
    public sealed record Done : StaffResult;

    /// <summary>A person was added.</summary>
    public sealed record Added(Guid Person) : StaffResult;

    /// <summary>The errors by field; a reason completes a sentence that begins with the field.</summary>
    public sealed record Invalid(Dictionary<string, string[]> Errors) : StaffResult;

    /// <summary>There is no such person or team.</summary>
    public sealed record NotFound : StaffResult;

    /// <summary>Someone else changed it since it was read.</summary>
    /// <param name="Revision">Revision it is at now.</param>
    public sealed record Stale(int Revision) : StaffResult;

    /// <summary>A rule forbids it.</summary>
    /// <param name="Reason">Which, as a sentence.</param>
    public sealed record Refused(string Reason) : StaffResult;
}
