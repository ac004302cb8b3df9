using NodaTime;
using NodaTime.Text;
using Orchestration.Host.Cases;
using Orchestration.Host.CustomerPromises;
using Orchestration.Host.Identity;
using Orchestration.Host.OwnView;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Retention;
using Orchestration.Workflows.Tasks.Notes;
using Orchestration.Workflows.Tasks.Verbs;

namespace Orchestration.Host.Customers;

/// <summary>The data of a customer's page.</summary>
public sealed record CustomerView
{
    public required CustomerDetails Customer { get; init; }

    /// <summary>Those that the reader sees, running ones first.</summary>
    public required IReadOnlyList<CustomerCase> Cases { get; init; }
    public required IReadOnlyList<CustomerPromise> Promises { get; init; }

    /// <summary>What they wrote and nobody answered, the oldest first.</summary>
    public required IReadOnlyList<OpenMessage> Messages { get; init; }
    public required IReadOnlyList<CaseFile> Files { get; init; }
    public required CustomerTimeline Timeline { get; init; }

    /// <summary>The customer's own view; null: they have no case that the reader sees.</summary>
    public required OwnViewPanelView? OwnView { get; init; }

    /// <summary>Titles of what cases wait for, by version and step.</summary>
    public required Func<string, string, string> StepName { get; init; }
    public required Person Me { get; init; }
    public required Instant Now { get; init; }

    /// <summary>A contact that was refused, or is about to be typed.</summary>
    public required ContactForm Contact { get; init; }

    /// <summary>Legal holds in force, of the record or a case.</summary>
    public IReadOnlyList<LegalHold> Holds { get; init; } = [];

    /// <summary>What was done, to be said once.</summary>
    public string? Told { get; init; }

    /// <summary>Why the last thing asked for was not done.</summary>
    public string? Refused { get; init; }

    public bool MayKeep => Me.May(Permissions.KeepCustomers);
    public bool MayRecord => Me.May(Permissions.StartCases);
    public IEnumerable<CustomerCase> Running => Cases.Where(c => c.IsRunning);

    /// <summary>Steps that wait for the customer.</summary>
    public IEnumerable<(CustomerCase Case, CustomerStep Step)> Awaiting =>
        Running.SelectMany(c =>
            c.Steps.Where(s => string.Equals(s.WaitsFor, ResumeTask.WaitsForCustomer, StringComparison.OrdinalIgnoreCase)).Select(s => (c, s))
        );

    public IEnumerable<CustomerPromise> OpenPromises => Promises.Where(p => !p.State.Ended).OrderBy(p => p.State.DueAt ?? p.State.OriginalDueAt);

    /// <summary>How many ended like this.</summary>
    public int Count(params IReadOnlyList<PromiseState> states) => Promises.Count(p => states.Contains(PromisesOf(p)));

    public PromiseState PromisesOf(CustomerPromise promise) => Orchestration.Workflows.Escalation.Promises.StateOf(promise.State, Now);

    public CustomerCase? CaseOf(Guid id) => Cases.FirstOrDefault(c => c.Id == id);
}

/// <summary>A page of a customer's timeline.</summary>
/// <param name="Path">Address of the customer.</param>
/// <param name="Entries">With the case that each belongs to; none: the customer.</param>
/// <param name="Next">Where older ones begin, or null.</param>
public sealed record CustomerTimeline(string Path, IReadOnlyList<(Guid? CaseId, string? Reference, TimelineEntry Entry)> Entries, Instant? Next)
{
    /// <summary>What is shown.</summary>
    public CustomerEvents Shows { get; init; }

    /// <summary>Where it begins, of a page of older ones.</summary>
    public Instant? Before { get; init; }

    /// <summary>Address of the page with the timeline that shows something.</summary>
    public string Address(CustomerEvents shows, Instant? before = null) =>
        $"{Path}?show={shows.ToString().ToLowerInvariant()}{(before is { } at ? $"&before={InstantPattern.ExtendedIso.Format(at)}" : "")}#timeline";
}

/// <summary>A contact as it is typed.</summary>
public sealed record ContactForm
{
    public string Channel { get; init; } = nameof(ContactChannel.Call);
    public bool Incoming { get; init; } = true;
    public string Outcome { get; init; } = nameof(ContactOutcome.Answered);
    public string Case { get; init; } = "";
    public string Note { get; init; } = "";
    public string Promise { get; init; } = "";
    public string DueAt { get; init; } = "";

    /// <summary>What keeps the promise: <see cref="ContactPromise.ByStep"/>, or contact.</summary>
    public string Kept { get; init; } = ContactPromise.ByStep;

    /// <summary>Why the promise is made although it is likely to be broken.</summary>
    public string PromiseReason { get; init; } = "";
    public IReadOnlyList<string> Resume { get; init; } = [];

    /// <summary>Reasons by field.</summary>
    public IReadOnlyDictionary<string, string> Errors { get; init; } = new Dictionary<string, string>();

    /// <summary>The form with what was posted.</summary>
    internal static ContactForm Of(IFormCollection posted) =>
        new()
        {
            Channel = posted["channel"].ToString(),
            Incoming = posted["direction"] != "out",
            Outcome = posted["outcome"].ToString(),
            Case = posted["case"].ToString(),
            Note = posted["note"].ToString(),
            Promise = posted["promise"].ToString().Trim(),
            DueAt = posted["dueAt"].ToString().Trim(),
            Kept = posted["kept"].ToString(),
            PromiseReason = posted["promiseReason"].ToString().Trim(),
            Resume = [.. posted["resume"].OfType<string>()],
        };
}
