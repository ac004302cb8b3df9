using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Activities;
using Orchestration.Engine.Compilation;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Model;
using Orchestration.Engine.Storage;

namespace Orchestration.Engine.Definitions;

/// <summary>A version to be stored.</summary>
/// <param name="DefinitionId">Its definition; created if it doesn't exist.</param>
/// <param name="Document">Elsa JSON, stored unchanged.</param>
/// <param name="Origin"><c>file</c>, <c>designer</c> or <c>import</c>.</param>
public sealed record NewDefinition(string DefinitionId, byte[] Document, string Origin)
{
    /// <summary>Hash of the shipped file, for <c>file</c>.</summary>
    public string? OriginHash { get; init; }

    /// <summary>The revision the author started from, to detect changes by someone else. Default: not checked.</summary>
    public DefinitionEdit? Edit { get; init; }
}

/// <summary>A stored version, without its document.</summary>
public sealed record DefinitionVersion(
    string Id,
    string DefinitionId,
    int Version,
    string? Name,
    string? Description,
    bool IsLatest,
    bool IsPublished,
    string Origin,
    string? OriginHash,
    string CreatedBy,
    Instant CreatedAt
)
{
    /// <summary>Whether it is or was published: then instances may run on it, and it never changes.</summary>
    public bool WasPublished { get; init; }
}

/// <summary>How publishing went.</summary>
public abstract record PublishResult
{
    private PublishResult() { }

    public sealed record Published(DefinitionVersion Version, bool WasAlready) : PublishResult;

    /// <summary>It does not validate; nothing was published.</summary>
    public sealed record Invalid(IReadOnlyList<DefinitionError> Errors) : PublishResult;

    /// <summary>Someone else changed it since the author started; nothing was published.</summary>
    public sealed record Conflict(string By, Instant At) : PublishResult;
}

/// <summary>Which version of a definition.</summary>
public enum VersionOptions
{
    /// <summary>The newest, draft or not.</summary>
    Latest,

    /// <summary>The published one.</summary>
    Published,
}

/// <summary>
/// A version that an instance runs on can't be loaded. The instance doesn't change and can continue once the version is available again.
/// </summary>
public sealed class DefinitionUnavailableException : Exception
{
    public DefinitionUnavailableException() { }

    public DefinitionUnavailableException(string message)
        : base(message) { }

    public DefinitionUnavailableException(string message, Exception inner)
        : base(message, inner) { }

    public DefinitionUnavailableException(string versionId, string reason)
        : base($"Definition version {versionId} cannot be used: {reason}.") { }
}
