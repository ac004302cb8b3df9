using System.Text.Json;

namespace Orchestration.Engine.Model;

/// <summary>Data from outside that cannot be kept. Its message is the reason, without the name of the field.</summary>
public sealed class UnfitDataException : JsonException
{
    public UnfitDataException() { }

    public UnfitDataException(string message)
        : base(message) { }

    public UnfitDataException(string message, Exception? inner)
        : base(message, inner) { }

    /// <param name="path">JSON path of what cannot be kept, beginning with the caller's name of the whole.</param>
    /// <param name="reason">Why, e.g. <c>is nested deeper than 60 levels</c>.</param>
    public UnfitDataException(string path, string reason)
        : base(reason, path, null, null) { }
}
