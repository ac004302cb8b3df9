using System.Text.Json.Nodes;
using NodaTime;

namespace Orchestration.Workflows.Demo;

/// <summary>How a demo case is left.</summary>
internal enum DemoEnd
{
    /// <summary>Its next task is open, or it waits for a timer or an event, or is over.</summary>
    Left,
    Claimed,
    Started,
    Suspended,
    Cancelled,
}

/// <summary>A demo case.</summary>
/// <param name="Journey">Its journey.</param>
/// <param name="Age">How long ago it was started.</param>
/// <param name="Steps">How many of its tasks are completed.</param>
/// <param name="End">How it is left then.</param>
/// <param name="Outcomes">Outcomes that are chosen where a step has them; else its first.</param>
internal sealed record DemoPlan(string Journey, Duration Age, int Steps, DemoEnd End, params IReadOnlyList<string> Outcomes)
{
    private const int EveryStep = 20;

    /// <summary>Names and numbers of customers, some with more than one case.</summary>
    public static readonly IReadOnlyList<(string Id, string Name)> Customers =
    [
        ("C-1001", "Ines Castellan"),
        ("C-1002", "Marta Novak"),
        ("C-1003", "Owen Clarke"),
        ("C-1004", "Yusuf Demir"),
        ("C-1005", "Hannah Weiss"),
        ("C-1006", "Pedro Alvarez"),
        ("C-1007", "Lin Zhao"),
        ("C-1008", "Amara Diallo"),
        ("C-1009", "Kerstin Holm"),
        ("C-1010", "Rafael Costa"),
        ("C-1011", "Niamh Byrne"),
    ];

    private static readonly string[] Losses =
    [
        "Burst pipe in the kitchen; the floor and two cabinets are damaged.",
        "Hail damaged the roof and the skylight.",
        "A parked car was hit; the left door and mirror are broken.",
        "Break-in through the cellar window; laptop and bicycle stolen.",
        "Fire in the laundry room, put out by the neighbours.",
    ];

    private static readonly string[] Grievances =
    [
        "Nobody called back although it was promised twice.",
        "The payment arrived three weeks after the approval.",
        "The letter quotes a clause that is not in my policy.",
        "I was asked for the same documents three times.",
    ];

    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<DemoPlan> All =
    [
        new("claims", Duration.FromMinutes(20), 0, DemoEnd.Left),
        new("claims", Duration.FromHours(2), 0, DemoEnd.Claimed),
        new("claims", Duration.FromHours(5), 1, DemoEnd.Left),
        new("claims", Duration.FromHours(26), 1, DemoEnd.Started),
        new("claims", Duration.FromDays(3), 0, DemoEnd.Left),
        new("claims", Duration.FromDays(4), 2, DemoEnd.Suspended),
        new("claims", Duration.FromDays(5), 4, DemoEnd.Left, "Requested"),
        new("claims", Duration.FromDays(6), 4, DemoEnd.Left, "NotRequired"),
        new("claims", Duration.FromDays(8), 5, DemoEnd.Claimed, "NotRequired"),
        new("claims", Duration.FromDays(9), 6, DemoEnd.Left, "NotRequired"),
        new("claims", Duration.FromDays(12), 1, DemoEnd.Suspended),
        new("claims", Duration.FromDays(13), 2, DemoEnd.Started),
        new("claims", Duration.FromDays(15), 3, DemoEnd.Cancelled),
        new("claims", Duration.FromDays(16), EveryStep, DemoEnd.Left, "NotCovered"),
        new("claims", Duration.FromDays(18), EveryStep, DemoEnd.Left, "NotRequired"),
        new("claims", Duration.FromDays(20), EveryStep, DemoEnd.Left, "NotRequired", "Decline"),
        new("complaint", Duration.FromHours(1), 0, DemoEnd.Left),
        new("complaint", Duration.FromHours(8), 1, DemoEnd.Left),
        new("complaint", Duration.FromDays(2), 1, DemoEnd.Claimed, "Investigate"),
        new("complaint", Duration.FromDays(6), 1, DemoEnd.Left, "Investigate"),
        new("complaint", Duration.FromDays(10), EveryStep, DemoEnd.Left, "ResolveNow"),
        new("complaint", Duration.FromDays(25), 2, DemoEnd.Suspended, "Investigate"),
        new("complaint", Duration.FromDays(46), 2, DemoEnd.Left, "Investigate"),
        new("complaint", Duration.FromDays(58), 1, DemoEnd.Left, "Investigate"),
        new("mortgage-origination", Duration.FromHours(3), 0, DemoEnd.Left),
        new("mortgage-origination", Duration.FromDays(1), 1, DemoEnd.Left),
        new("mortgage-origination", Duration.FromDays(3), 2, DemoEnd.Claimed),
        new("mortgage-origination", Duration.FromDays(5), 1, DemoEnd.Left),
        new("mortgage-origination", Duration.FromDays(9), 4, DemoEnd.Started),
        new("mortgage-origination", Duration.FromDays(14), 5, DemoEnd.Suspended),
        new("mortgage-origination", Duration.FromDays(21), 7, DemoEnd.Left),
        new("mortgage-origination", Duration.FromDays(30), EveryStep, DemoEnd.Left, "Decline"),
        new("demo-address-check", Duration.FromHours(4), 1, DemoEnd.Left),
    ];

    /// <summary>The input of the case.</summary>
    /// <param name="number">Its number, which varies the input.</param>
    public JsonObject Input(int number) =>
        Journey switch
        {
            "claims" => new()
            {
                ["jurisdiction"] =
                    number % 3 == 0 ? "GB"
                    : number % 3 == 1 ? "US-CA"
                    : "US-AK",
                ["claimedAmount"] = 900 + number * 650,
                ["lossDescription"] = Losses[number % Losses.Length],
                ["product"] = number % 5 == 2 ? "Motor" : "Home",
            },
            "complaint" => new() { ["subject"] = Grievances[number % Grievances.Length], ["product"] = number % 3 == 0 ? "Mortgage" : "Claim" },
            "mortgage-origination" => new()
            {
                ["loanAmount"] = 180_000 + number * 12_500,
                ["propertyAddress"] = $"{100 + number} Linden Street",
                ["propertyValue"] = 260_000 + number * 14_000,
                ["purpose"] = number % 2 == 0 ? "Purchase" : "Refinance",
                ["jurisdiction"] = "US-CA",
            },
            _ => [],
        };
}
