using System.Text.Json.Nodes;
using NodaTime;
using NodaTime.Text;

namespace Orchestration.Workflows.Simulation;

/// <summary>The demo office: about forty people in eight teams with the three shipped journeys.</summary>
public static class OfficePlan
{
    /// <summary>What the front office promises.</summary>
    internal static readonly IReadOnlyList<string> Promises =
    [
        "Call back with the next step",
        "Send the decision in writing",
        "Confirm that the documents arrived",
        "Call with the date of the payment",
        "Send a copy of the estimate",
    ];

    private static readonly string[] Losses =
    [
        "Burst pipe in the kitchen; the floor and two cabinets are damaged.",
        "Hail damaged the roof and the skylight.",
        "A parked car was hit; the left door and mirror are broken.",
        "Break-in through the cellar window; a laptop and a bicycle were stolen.",
        "Fire in the laundry room, put out by the neighbors.",
        "A tree fell on the garage during the storm.",
        "Water came through the ceiling from the apartment above.",
        "Rear-end collision at a traffic light; the trunk doesn't close.",
        "The dishwasher leaked overnight; the parquet is swollen.",
        "Lightning struck; the heating control and two televisions are dead.",
    ];

    private static readonly string[] Grievances =
    [
        "Nobody called back although it was promised twice.",
        "The payment arrived three weeks after the approval.",
        "The letter quotes a clause that is not in my policy.",
        "I was asked for the same documents three times.",
        "The adjuster didn't come to the appointment.",
        "My rate changed between the estimate and the closing.",
        "I can't reach anyone who knows my case.",
        "The repair shop you sent did poor work.",
    ];

    private static readonly string[] FirstNames = (
        "Ines Marta Owen Yusuf Hannah Pedro Lin Amara Kerstin Rafael Niamh Viktor Leila Tobias Chiara Samuel Noor Emil Beatriz Kofi Sanne Arjun Elif "
        + "Mateo Greta Hassan Ivana Julian Keiko Lucas Mina Nadia Oscar Petra Quentin Rosa Stefan Tamara Ugo Wanda"
    ).Split(' ');

    private static readonly string[] LastNames = (
        "Castellan Novak Clarke Demir Weiss Alvarez Zhao Diallo Holm Costa Byrne Petrov Haddad Keller Romano Adeyemi Rahman Lund Carvalho Mensah "
        + "Visser Mehta Yilmaz Fuentes Hartmann Nasser Kovac Moreau Tanaka Barros Farahani Sousa Lindgren Horvat Dubois Marino Fischer Jovanovic Conti Nowak"
    ).Split(' ');

    internal static readonly string[] Streets = ["Linden Street", "Mill Road", "Harbor Avenue", "Chestnut Lane", "Station Road", "Orchard Way", "King Street"];

    /// <summary>The office.</summary>
    public static OfficeProfile Demo { get; } =
        new(
            DateTimeZoneProviders.Tzdb["America/New_York"],
            People(),
            [Claims(), Complaints(), Mortgages()],
            [new("claims", 24, 4, 2.4), new("complaint", 10, 5, 1.6)],
            0.05
        );

    /// <summary>One of some 1,400 customers: a third of the cases come from those who have another.</summary>
    internal static (string Id, string Name) Customer(OfficeChance chance)
    {
        var number = chance.Is(0.33) ? chance.Number(250) : 250 + chance.Number(1150);
        return ($"C-{2001 + number}", $"{FirstNames[number % FirstNames.Length]} {LastNames[number / FirstNames.Length % LastNames.Length]}");
    }

    /// <summary>What the customer says.</summary>
    internal static JsonObject Input(string journey, OfficeChance chance, LocalDate today) =>
        journey switch
        {
            "claims" => Claim(chance, today),
            "complaint" => new() { ["subject"] = chance.Of(Grievances), ["product"] = chance.Is(0.3) ? "Mortgage" : "Claim" },
            _ => new()
            {
                ["loanAmount"] = 120_000 + 5_000 * chance.Number(90),
                ["propertyAddress"] = $"{1 + chance.Number(240)} {chance.Of(Streets)}",
                ["propertyValue"] = 580_000 + 10_000 * chance.Number(60),
                ["program"] = chance.Is(0.35) ? "FHA" : "Conventional",
                ["purpose"] = chance.Is(0.65) ? "Purchase" : "Refinance",
                ["jurisdiction"] = "US-CA",
            },
        };

    private static JsonObject Claim(OfficeChance chance, LocalDate today)
    {
        var loss = chance.Number(Losses.Length);
        return new()
        {
            ["jurisdiction"] = chance.Of(["GB", "US-CA", "US-CA", "US-AK", "US-NY"]),
            ["claimedAmount"] = Math.Round(chance.Around(3_800, 0.9) / 10) * 10,
            ["lossDescription"] = Losses[loss],
            ["lossDate"] = LocalDatePattern.Iso.Format(today.PlusDays(-1 - chance.Number(9))),
            ["product"] = loss is 2 or 7 ? "Motor" : "Home",
        };
    }

    private static JourneyProfile Claims() =>
        new(
            "claims",
            118,
            [26, 21, 20, 19, 18, 8, 6],
            0.02,
            0.18,
            new Dictionary<string, StepProfile>
            {
                ["acknowledge"] = new(8, 0),
                ["coverage"] = new(20, 0, ("Covered", 0.93), ("NotCovered", 0.07)),
                ["requestDocuments"] = new(12, 0, ("Requested", 0.45), ("NotRequired", 0.55)),
                ["chaseDocuments"] = new(10, 0.1, ("Received", 0.7), ("ProceedWithout", 0.3)),
                ["fraudCheck"] = new(22, 0, ("Clear", 0.94), ("Suspected", 0.06)),
                ["investigate"] = new(110, 0.2, ("Cleared", 0.7), ("Established", 0.3)),
                ["assess"] = new(45, 0.12, ("Assessed", 0.88), ("NeedInformation", 0.12)) { Reviewed = 0.05 },
                ["requestInformation"] = new(12, 0.5),
                ["decideSenior"] = new(25, 0, ("Approve", 0.78), ("Decline", 0.12), ("Reassess", 0.1)),
                ["decide"] = new(18, 0, ("Approve", 0.88), ("Decline", 0.12)) { Returned = ("assess", 0.05) },
                ["pay"] = new(9, 0),
                ["declineLetter"] = new(16, 0),
            },
            new CustomerAnswer("requestDocuments", "Requested", "DocumentReceived", 0.75, 4)
        )
        {
            // Storms and burst pipes.
            ByMonth = [1.15, 1.1, 1.05, 0.95, 0.95, 0.95, 0.95, 0.95, 0.95, 0.95, 1, 1.05],
        };

    private static JourneyProfile Complaints() =>
        new(
            "complaint",
            46,
            [12, 10, 9, 8, 7, 2, 1],
            0.03,
            0.3,
            new Dictionary<string, StepProfile>
            {
                ["acknowledge"] = new(15, 0, ("ResolveNow", 0.45), ("Investigate", 0.55)),
                ["resolve"] = new(35, 0.15, ("Resolved", 0.8), ("NotResolved", 0.2)),
                ["summaryLetter"] = new(14, 0),
                ["investigate"] = new(120, 0.3),
                ["review"] = new(25, 0, ("Approve", 0.86), ("Rework", 0.14)),
                ["finalResponse"] = new(28, 0) { Reviewed = 0.2 },
            }
        );

    private static JourneyProfile Mortgages() =>
        new(
            "mortgage-origination",
            36,
            [9, 8, 7, 6, 5, 1, 0],
            0.05,
            0.2,
            new Dictionary<string, StepProfile>
            {
                ["completeness"] = new(25, 0, ("Complete", 0.72), ("Incomplete", 0.28)),
                ["noticeOfIncompleteness"] = new(12, 0.8, ("ItemsReceived", 0.86), ("NoResponse", 0.14)),
                ["loanEstimate"] = new(28, 0),
                ["processing"] = new(55, 0.1),
                ["appraisal"] = new(20, 0.8),
                ["income"] = new(40, 0.2),
                ["underwriting"] = new(85, 0.1, ("Approve", 0.5), ("ApproveWithConditions", 0.36), ("Decline", 0.14))
                {
                    Reviewed = 0.12,
                    Returned = ("processing", 0.09),
                },
                ["clearConditions"] = new(30, 0.5),
                ["clearToClose"] = new(20, 0) { DaysAhead = 17 },
                ["closingDisclosure"] = new(18, 0.3),
                ["closing"] = new(55, 0),
                ["fund"] = new(14, 0, ("Funded", 0.98), ("Rescinded", 0.02)),
                ["adverseAction"] = new(22, 0),
            }
        )
        {
            // Brokers send applications in office hours, and people move in summer.
            ByHour = [0, 0, 0, 0, 0, 0, 0.3, 1, 4, 9, 11, 10, 7, 7, 9, 10, 9, 5, 2, 1, 0.5, 0.3, 0, 0],
            ByMonth = [0.9, 0.9, 1, 1.1, 1.15, 1.15, 1.1, 1.05, 1, 0.95, 0.9, 0.85],
        };

    // The demo people of definitions/people.json, and colleagues of theirs.
    private static List<OfficePerson> People()
    {
        string[] intake = ["claims-intake"];
        string[] adjusting = ["claims-adjusting"];
        string[] payments = ["claims-payments"];
        string[] processing = ["mortgage-processing"];
        string[] underwriting = ["mortgage-underwriting"];
        string[] closing = ["mortgage-closing"];
        string[] service = ["customer-service"];
        (string, int)[] home = [("property-claims", 3)];
        (string, int)[] both = [("property-claims", 3), ("motor-claims", 3)];
        (string, int)[] fraud = [("property-claims", 3), ("motor-claims", 2), ("fraud", 3)];
        (string, int)[] papers = [("appraisal", 3), ("income-verification", 3)];
        return
        [
            new("supervisor", "Tomás Herrera", [], [], 1.3, 9, IsoDayOfWeek.Saturday),
            new("compliance", "Grace Okafor", [], [], 1.1, 9, IsoDayOfWeek.Saturday),
            new("frontoffice", "Mei Lindqvist", ["customer-service", "claims-intake"], both, 1, 8, IsoDayOfWeek.Saturday),
            new(
                "adjuster1",
                "Daniel Brandt",
                ["claims-intake", "claims-adjusting", "claims-payments"],
                [("property-claims", 3), ("fraud", 2)],
                1,
                8,
                IsoDayOfWeek.Saturday
            ),
            new("adjuster2", "Sofia Rossi", ["claims-adjusting", "claims-payments"], both, 0.9, 9, IsoDayOfWeek.Saturday),
            new("senior1", "Helen Kowalski", ["claims-adjusting", "claims-seniors"], fraud, 0.9, 8, IsoDayOfWeek.Saturday),
            new("processor1", "Jonas Eriksen", processing, papers, 1, 8, IsoDayOfWeek.Saturday),
            new("underwriter1", "Aisha Bello", underwriting, [("fha-underwriting", 4), ("conventional-underwriting", 5)], 0.95, 9, IsoDayOfWeek.Saturday),
            new("closer1", "Luca Moreau", closing, [("trid-disclosures", 4)], 1, 8, IsoDayOfWeek.Saturday),
            New("Amelia Hart", intake, both, 0.9, 8),
            New("Bruno Teixeira", intake, home, 1.1, 9),
            New("Chloe Nakamura", intake, both, 1, 11),
            New("Dmitri Volkov", intake, home, 1.2, 8, IsoDayOfWeek.Friday),
            New("Esther Owusu", adjusting, fraud, 0.9, 8) with
            {
                Errors = 0.4,
            },
            New("Felix Baumann", adjusting, home, 1.1, 8),
            New("Gabriela Pinto", adjusting, both, 1, 9),
            New("Hugo Lefevre", adjusting, both, 1.2, 10) with
            {
                Errors = 3,
            },
            New("Imani Brooks", adjusting, fraud, 0.95, 9),
            New("Jakub Zielinski", adjusting, home, 1.3, 8, IsoDayOfWeek.Wednesday),
            New("Karin Solberg", adjusting, both, 1, 11),
            New("Leo Marchetti", ["claims-adjusting", "claims-payments"], both, 1.1, 8),
            New("Mariam Saleh", ["claims-seniors", "claims-adjusting"], fraud, 0.95, 9),
            New("Nikolai Sorensen", ["claims-seniors"], fraud, 1, 8),
            New("Olivia Grant", ["claims-seniors"], fraud, 1.1, 9, IsoDayOfWeek.Monday),
            New("Paul Achterberg", payments, [], 1, 8),
            New("Renata Silva", payments, [], 0.9, 9),
            New("Sven Dahl", processing, papers, 1, 8),
            New("Thandi Mokoena", processing, papers, 0.9, 9),
            New("Umar Siddiqui", processing, [("income-verification", 3)], 1.1, 8),
            New("Valentina Cruz", processing, papers, 1.2, 10) with
            {
                Errors = 2.5,
            },
            New("William Okeke", underwriting, [("conventional-underwriting", 4)], 1.1, 8),
            New("Xenia Papadaki", underwriting, [("fha-underwriting", 3), ("conventional-underwriting", 3)], 1, 9),
            New("Yara Haddad", underwriting, [("conventional-underwriting", 3)], 1.2, 9),
            New("Zoe Hutchins", closing, [("trid-disclosures", 3)], 1, 8),
            New("Andre Laurent", closing, [("trid-disclosures", 3)], 1.1, 9),
            New("Birgit Hansen", closing, [("trid-disclosures", 2)], 0.95, 10),
            New("Carlos Mendes", service, [], 1, 8),
            New("Dina Farouk", service, [], 0.9, 9),
            New("Eoin Gallagher", service, [], 1.1, 11),
            New("Freya Nyberg", ["customer-service", "claims-intake"], home, 1, 10, IsoDayOfWeek.Tuesday),
        ];

        static OfficePerson New(string name, string[] teams, (string, int)[] skills, double speed, int firstHour, IsoDayOfWeek off = IsoDayOfWeek.Saturday) =>
            new(
                name.ToLowerInvariant().Replace(' ', '.'),
                name,
                teams,
                skills,
                speed,
                firstHour,
                off == IsoDayOfWeek.Saturday ? [off] : [off, IsoDayOfWeek.Saturday]
            );
    }
}
