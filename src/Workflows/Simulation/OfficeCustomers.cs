using System.Collections.Concurrent;
using System.Globalization;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.OwnView;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Tasks;

namespace Orchestration.Workflows.Simulation;

/// <summary>What the simulated front office enters about customers: who they are, and when they spoke.</summary>
internal sealed class OfficeCustomers(TaskRuntime tasks, IReadOnlyDictionary<string, Person> people)
{
    private const int OfTen = 10;
    private const int DaysToRate = 14;

    private static readonly string[] Questions =
    [
        "Asked where the case is. Told them what happens next.",
        "Asked when the money arrives.",
        "Wanted to know whether the photos are enough. They are.",
        "Asked who works on it and how to reach them.",
        "Said that the e-mail never arrived; sent it again.",
    ];

    private static readonly string[] Cares =
    [
        "Recently bereaved. Speak slowly, and offer to write everything down.",
        "Hard of hearing: prefers e-mail and letters.",
        "Has asked that her daughter is copied into every letter.",
    ];

    private readonly ConcurrentDictionary<string, Guid> _known = [];
    private readonly ConcurrentDictionary<Guid, string> _of = [];
    private int _operations;

    /// <summary>A case of a customer began: who is new is entered with what the front office asks on the phone.</summary>
    public async Task StartedAsync(Guid @case, (string Id, string Name) customer, string frontOffice, CancellationToken cancel)
    {
        _of[@case] = customer.Id;
        if (_known.ContainsKey(customer.Id))
            return;
        var data = DataOf(customer);
        if (await SaveCustomer.PutAsync(tasks.Runtime, data, people[frontOffice], cancel) is CustomerResult.Done { Id: var id })
            _known[customer.Id] = id;
    }

    /// <summary>Someone asked the customer for something, and waits.</summary>
    public Task AskedAsync(Guid @case, string title, string person, CancellationToken cancel) =>
        RecordAsync(
            @case,
            new(ContactChannel.Email, false, ContactOutcome.Sent, $"Asked for what is missing: {title.ToLowerInvariant()}.", @case, null),
            person,
            cancel
        );

    /// <summary>The customer answered.</summary>
    public Task AnsweredAsync(Guid @case, Guid task, string person, CancellationToken cancel)
    {
        var channel = (Number(_of.GetValueOrDefault(@case, "")) % 3) switch
        {
            0 => ContactChannel.Call,
            1 => ContactChannel.Email,
            _ => ContactChannel.Portal,
        };
        return RecordAsync(@case, new(channel, true, ContactOutcome.Received, "", @case, task), person, cancel);
    }

    /// <summary>The customer called and asked.</summary>
    public Task CalledAsync(Guid @case, bool promised, string person, CancellationToken cancel)
    {
        var question = Questions[Number(_of.GetValueOrDefault(@case, "")) % Questions.Length];
        var outcome = promised ? ContactOutcome.CallBackPromised : ContactOutcome.Answered;
        return RecordAsync(@case, new(ContactChannel.Call, true, outcome, question, @case), person, cancel);
    }

    /// <summary>The front office called back, or tried to.</summary>
    public Task CalledBackAsync(Guid @case, bool reached, string person, CancellationToken cancel) =>
        RecordAsync(@case, new(ContactChannel.Call, false, reached ? ContactOutcome.Answered : ContactOutcome.NotReached, "", @case), person, cancel);

    /// <summary>The customer was sent a link when the case ended, and rates with it.</summary>
    public async Task RatedAsync(OfficeAct.Rate rate, MailOwnViewLink mail, string frontOffice, CancellationToken cancel)
    {
        var runtime = tasks.Runtime;
        if (
            await OwnViewLinks.MakeAsync(runtime, mail, rate.Case, new(null, DaysToRate, false), people[frontOffice], cancel)
                is LinkResult.Made { Code: var code }
            && await OwnViewLinks.FindAsync(runtime.Database, code, runtime.Clock.Now(), cancel) is { } link
        )
            await RateCase.RunAsync(runtime, link, rate.Satisfaction, rate.Recommend, rate.Comment, cancel);
    }

    /// <summary>What the front office entered about a customer.</summary>
    internal static CustomerData DataOf((string Id, string Name) customer)
    {
        var number = Number(customer.Id);
        var (first, last) = (customer.Name.Split(' ')[0], customer.Name.Split(' ')[^1]);
        var mail = $"{first}.{last}@example.{(number % 3 == 0 ? "net" : "com")}".ToLowerInvariant();
        return new(customer.Id, customer.Name)
        {
            Phones = number % OfTen == 9 ? [] : [$"+44 20 7946 {(number * 37 % 10_000).ToString("D4", CultureInfo.InvariantCulture)}"],
            Emails = number % 4 == 3 ? [] : [mail],
            Addresses = [$"{1 + number % 90} {OfficePlan.Streets[number % OfficePlan.Streets.Length]}\nLondon N{1 + number % 22}"],
            Languages = (number % 12) switch
            {
                3 => ["de", "en"],
                7 => ["es", "en"],
                9 => ["tr"],
                _ => ["en"],
            },
            BornOn = new DateOnly(1940 + number % 64, 1 + number % 12, 1 + number % 28),
            Identifiers = [new("policy", $"P-{(40_000 + number * 13).ToString(CultureInfo.InvariantCulture)}")],
            Consents = number % 3 == 0 ? [new("recording of calls", new DateOnly(2025, 1 + number % 12, 1 + number % 28))] : [],
            Vulnerability = number % 23 == 5 ? Cares[number % Cares.Length] : null,
        };
    }

    private async Task RecordAsync(Guid @case, ContactRequest request, string person, CancellationToken cancel)
    {
        if (_of.TryGetValue(@case, out var number) && _known.TryGetValue(number, out var customer))
        {
            var operation = Interlocked.Increment(ref _operations).ToString(CultureInfo.InvariantCulture);
            await RecordContact.RunAsync(tasks, customer, request with { OperationId = $"office-contact-{operation}" }, people[person], cancel);
        }
    }

    private static int Number(string id) => int.TryParse(id.AsSpan(id.IndexOf('-', StringComparison.Ordinal) + 1), out var number) ? number : 0;
}
