using NodaTime;

namespace Orchestration.Workflows.Simulation;

/// <summary>Someone in a simulated office.</summary>
/// <param name="UserName">User name.</param>
/// <param name="DisplayName">Name.</param>
/// <param name="Teams">Keys of the teams they work in.</param>
/// <param name="Skills">Skills and levels.</param>
/// <param name="Speed">Time they take, as a multiple of what a step usually takes.</param>
/// <param name="FirstHour">Hour of the day at which their shift begins; it lasts eight hours with a break of 45 minutes.</param>
/// <param name="DaysOff">Days of the week on which they don't work, besides Sunday.</param>
public sealed record OfficePerson(
    string UserName,
    string DisplayName,
    IReadOnlyList<string> Teams,
    IReadOnlyList<(string Key, int Level)> Skills,
    double Speed,
    int FirstHour,
    params IReadOnlyList<IsoDayOfWeek> DaysOff
)
{
    /// <summary>How often others find their work wrong, as a multiple of how often that usually happens. Default 1.</summary>
    public double Errors { get; init; } = 1;
}

/// <summary>How a step goes.</summary>
/// <param name="Minutes">Median of the time it takes.</param>
/// <param name="Waits">Probability that whoever works on it has to wait for the customer once.</param>
/// <param name="Outcomes">Outcomes and their weights. One that a task doesn't have is left out; none: the first.</param>
public sealed record StepProfile(double Minutes, double Waits, params IReadOnlyList<(string Outcome, double Weight)> Outcomes)
{
    /// <summary>Probability that whoever works on it has a colleague review it first. Default 0.</summary>
    public double Reviewed { get; init; }

    /// <summary>Earlier step that the case goes back to when something is missing or wrong, and how probable that is, once in a case. Default: none.</summary>
    public (string Step, double Probability) Returned { get; init; }

    /// <summary>How many days ahead the dates lie that its form asks for. Default 0: today.</summary>
    public int DaysAhead { get; init; }
}

/// <summary>What customers do after a step ended with an outcome: an event, with a probability, some days later (median).</summary>
public sealed record CustomerAnswer(string Step, string Outcome, string Event, double Probability, double Days);

/// <summary>How many cases of a journey arrive, and how its steps go.</summary>
/// <param name="Journey">Its definition.</param>
/// <param name="PerWeek">Cases in an ordinary week.</param>
/// <param name="ByDay">Weights of Monday to Sunday.</param>
/// <param name="Withdrawn">Probability that the customer withdraws.</param>
/// <param name="Promised">Probability that the front office promises something.</param>
/// <param name="Steps">By step id.</param>
/// <param name="Answers">What customers do by themselves.</param>
public sealed record JourneyProfile(
    string Journey,
    double PerWeek,
    IReadOnlyList<double> ByDay,
    double Withdrawn,
    double Promised,
    IReadOnlyDictionary<string, StepProfile> Steps,
    params IReadOnlyList<CustomerAnswer> Answers
)
{
    /// <summary>Weights of the hours of a day. Default: people write in the morning and in the evening, few at night.</summary>
    public IReadOnlyList<double> ByHour { get; init; } = [0.2, 0.1, 0.1, 0.1, 0.2, 0.5, 1.5, 4, 7, 9, 9, 8, 6, 6, 7, 7, 6, 5, 5, 5, 4, 3, 2, 0.8];

    /// <summary>January to December, as multiples of an ordinary week. Default: no seasons.</summary>
    public IReadOnlyList<double> ByMonth { get; init; } = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1];
}

/// <summary>More cases than usual for some days, such as after a storm.</summary>
/// <param name="Journey">Of which journey.</param>
/// <param name="DaysBeforeEnd">How many days before the end of the simulation it begins.</param>
/// <param name="Days">How long it lasts.</param>
/// <param name="Factor">How many times as many cases arrive.</param>
public sealed record Peak(string Journey, int DaysBeforeEnd, int Days, double Factor);

/// <summary>An office to simulate.</summary>
/// <param name="Zone">In which people work and customers write.</param>
/// <param name="People">Who works there.</param>
/// <param name="Journeys">What arrives.</param>
/// <param name="Peaks">When more of it arrives.</param>
/// <param name="Absence">Probability that someone is absent for a whole week.</param>
public sealed record OfficeProfile(
    DateTimeZone Zone,
    IReadOnlyList<OfficePerson> People,
    IReadOnlyList<JourneyProfile> Journeys,
    IReadOnlyList<Peak> Peaks,
    double Absence
)
{
    /// <summary>How a step goes that no profile names.</summary>
    public static readonly StepProfile OrdinaryStep = new(20, 0);

    /// <summary>How a step of a journey goes.</summary>
    public StepProfile StepOf(string journey, string step) =>
        Journeys.FirstOrDefault(profile => profile.Journey == journey)?.Steps.GetValueOrDefault(step) ?? OrdinaryStep;
}
