namespace Orchestration.Workflows.OwnView;

/// <summary>Why something that a customer sent isn't accepted. The page has the words, in their language.</summary>
public enum OwnViewProblem
{
    /// <summary>Neither a text nor a document.</summary>
    Empty,

    /// <summary>The text is too long.</summary>
    TooLong,

    /// <summary>The text has characters that can't be kept.</summary>
    Unfit,

    /// <summary>A document is larger than 10 MB.</summary>
    FileTooLarge,

    /// <summary>More than five documents at once.</summary>
    TooManyFiles,

    /// <summary>A document has no content, or isn't what its name says, or is of a type that isn't taken.</summary>
    FileType,

    /// <summary>No step is open that documents could be put with.</summary>
    NoStep,

    /// <summary>Enough for one day.</summary>
    TooMuch,
    Email,
    Phone,
    Address,

    /// <summary>No score, or one out of range.</summary>
    Score,

    /// <summary>The case runs, or ended too long ago.</summary>
    NotNow,
}

/// <summary>How something that a customer did went.</summary>
public abstract record OwnViewResult
{
    private OwnViewResult() { }

    /// <summary>Done, or done before by the same form.</summary>
    public sealed record Done : OwnViewResult;

    /// <summary>Not accepted; nothing was changed.</summary>
    public sealed record Refused(OwnViewProblem Problem) : OwnViewResult;

    /// <summary>The link works no more.</summary>
    public sealed record Gone : OwnViewResult;
}
