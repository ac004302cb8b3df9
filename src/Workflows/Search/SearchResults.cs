using NodaTime;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Guidance;

namespace Orchestration.Workflows.Search;

/// <summary>A case that was found.</summary>
public sealed record FoundCase(Guid Id, string Reference, string CustomerName, string Journey, bool IsRunning, Instant? DueAt, bool IsTest);

/// <summary>An open task that was found.</summary>
public sealed record FoundTask(Guid Id, string Title, string? Reference, string? CustomerName, string? Owner, Instant? DueAt, bool IsTest);

/// <summary>A file of a task that was found.</summary>
public sealed record FoundFile(Guid Id, Guid TaskId, string Name, string TaskTitle, string? Reference, bool IsTest);

/// <summary>A comment that was found.</summary>
public sealed record FoundComment(Guid Id, Guid TaskId, string Body, string AuthorName, string TaskTitle, Instant At, bool IsTest);

/// <summary>A person who was found.</summary>
public sealed record FoundPerson(Guid Id, string UserName, string Name, IReadOnlyList<string> Teams);

/// <summary>A customer or a case that someone opened lately.</summary>
/// <param name="Title">The customer's name, or the case's reference.</param>
/// <param name="Detail">The customer's number, or the name of the case's customer.</param>
/// <param name="IsTest">Whether the case only tries out its journey.</param>
public sealed record RecentItem(Guid Id, bool IsCustomer, string Title, string Detail, bool IsTest);

/// <summary>What a search found, the best first in each group: only what the person may see.</summary>
public sealed record SearchResults
{
    public IReadOnlyList<CustomerSummary> Customers { get; init; } = [];
    public IReadOnlyList<FoundCase> Cases { get; init; } = [];
    public IReadOnlyList<FoundTask> Tasks { get; init; } = [];
    public IReadOnlyList<FoundFile> Files { get; init; } = [];
    public IReadOnlyList<FoundComment> Comments { get; init; } = [];
    public IReadOnlyList<FoundPerson> People { get; init; } = [];

    /// <summary>Published articles and templates.</summary>
    public IReadOnlyList<ArticleSummary> Guidance { get; init; } = [];

    public bool IsEmpty => Customers.Count + Cases.Count + Tasks.Count + Files.Count + Comments.Count + People.Count + Guidance.Count == 0;
}
