using Microsoft.AspNetCore.Mvc;
using NodaTime;
using NodaTime.Text;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Shell.Parts;
using Orchestration.Host.Staff;
using Orchestration.Workflows.Documents;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Host.Workforce;

/// <summary>A week of a team's shifts.</summary>
/// <param name="Teams">Teams the reader steers.</param>
/// <param name="Team">The one that is shown.</param>
/// <param name="Monday">First day of the week.</param>
/// <param name="Today">Today, in the zone.</param>
/// <param name="Zone">Whose days and times are shown.</param>
/// <param name="Shifts">Its shifts.</param>
public sealed record ShiftWeek(IReadOnlyList<Team> Teams, Team Team, LocalDate Monday, LocalDate Today, DateTimeZone Zone, IReadOnlyList<Shift> Shifts)
{
    /// <summary>What is wrong with what was sent.</summary>
    public IReadOnlyList<string> Errors { get; init; } = [];

    /// <summary>What is wrong with a file.</summary>
    public IReadOnlyList<ImportError> FileErrors { get; init; } = [];

    /// <summary>What was typed, when it was refused.</summary>
    public IFormCollection? Typed { get; init; }

    /// <summary>How many shifts were planned just now.</summary>
    public int? Added { get; init; }

    public IEnumerable<LocalDate> Days => Enumerable.Range(0, 7).Select(day => Monday.PlusDays(day));

    public IEnumerable<Shift> Of(Guid person, LocalDate day) => Shifts.Where(s => s.PersonId == person && s.From.InZone(Zone).Date == day);

    public string Href(LocalDate monday) => $"/shifts?team={Team.Key}&week={LocalDatePattern.Iso.Format(monday)}";

    /// <summary>Planned hours of a person in this week.</summary>
    public double Hours(Guid person) => Shifts.Where(s => s.PersonId == person && s.Kind == ShiftKind.Work).Sum(s => (s.Until - s.From).TotalHours);

    public string Time(Instant at) => LocalTimePattern.CreateWithInvariantCulture("HH:mm").Format(at.InZone(Zone).TimeOfDay);

    public string Was(string field, string otherwise = "") => Typed?[field].ToString() is { Length: > 0 } typed ? typed : otherwise;
}

/// <summary>The shift plan, for those who steer a team.</summary>
internal static class ShiftPages
{
    private static readonly LocalTimePattern Time = LocalTimePattern.CreateWithInvariantCulture("HH:mm");

    public static void MapShiftPages(this WebApplication app)
    {
        var pages = app.MapGroup("/shifts").ForThoseWhoSteer().ExcludeFromDescription();
        pages.MapGet(
            "",
            async (string? team, string? week, int? added, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                await ReadAsync(runtime, team, week, me, cancel) is { } view
                    ? Html.Page(new ShiftsPage { Week = view with { Added = added } })
                    : Results.NotFound()
        );
        pages.MapPost(
            "",
            (IFormCollection form, PlanShifts plan, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                RunAsync(form, runtime, me, view => AddAsync(form, view, plan, me, cancel), cancel)
        );
        pages.MapPost(
            "/{id:guid}/remove",
            (Guid id, IFormCollection form, PlanShifts plan, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                RunAsync(form, runtime, me, _ => plan.RemoveAsync(id, me, cancel), cancel)
        );
        pages.MapPost(
            "/copy",
            (IFormCollection form, PlanShifts plan, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                RunAsync(
                    form,
                    runtime,
                    me,
                    view => plan.CopyAsync(view.Team.Key, view.Monday, view.Monday.PlusDays(7), view.Zone, me, cancel),
                    cancel,
                    nextWeek: true
                )
        );
        pages
            .MapPost(
                "/import",
                (IFormCollection form, PlanShifts plan, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    RunAsync(form, runtime, me, view => ImportAsync(form, view, plan, me, cancel), cancel)
            )
            .WithMetadata(new RequestSizeLimitAttribute(2 * StaffAnswers.MaxBytes));
    }

    private static async Task<IResult> RunAsync(
        IFormCollection form,
        WorkflowRuntime runtime,
        Person me,
        Func<ShiftWeek, Task<ShiftResult>> run,
        CancellationToken cancel,
        bool nextWeek = false
    )
    {
        if (await ReadAsync(runtime, form["team"], form["week"], me, cancel) is not { } view)
            return Results.NotFound();
        return await run(view) switch
        {
            ShiftResult.Done done => Results.LocalRedirect($"{view.Href(nextWeek ? view.Monday.PlusDays(7) : view.Monday)}&added={done.Added.Count}"),
            ShiftResult.Invalid invalid => Html.Page(
                new ShiftsPage { Week = view with { Errors = [.. invalid.Errors.Select(e => e.Reason).Distinct()], Typed = form } },
                422
            ),
            ShiftResult.WrongFile wrong => Html.Page(new ShiftsPage { Week = view with { FileErrors = wrong.Errors } }, 422),
            _ => Results.NotFound(),
        };
    }

    private static async Task<ShiftResult> AddAsync(IFormCollection form, ShiftWeek view, PlanShifts plan, Person me, CancellationToken cancel)
    {
        var (date, from, until) = (
            LocalDatePattern.Iso.Parse(form["date"].ToString()),
            Time.Parse(form["from"].ToString()),
            Time.Parse(form["until"].ToString())
        );
        if (!date.Success || !from.Success || !until.Success)
            return new ShiftResult.Invalid([(0, "from", "Enter a day, a start and an end.")]);
        var ends = until.Value > from.Value ? date.Value : date.Value.PlusDays(1);
        return await plan.AddAsync(
            [
                new(
                    form["person"],
                    view.Zone.AtLeniently(date.Value + from.Value).ToInstant(),
                    view.Zone.AtLeniently(ends + until.Value).ToInstant(),
                    form["kind"] == nameof(ShiftKind.Training) ? ShiftKind.Training : ShiftKind.Work
                ),
            ],
            me,
            cancel
        );
    }

    private static async Task<ShiftResult> ImportAsync(IFormCollection form, ShiftWeek view, PlanShifts plan, Person me, CancellationToken cancel)
    {
        if (form.Files.GetFile("file") is not { Length: > 0 } uploaded)
            return new ShiftResult.Invalid([(0, "", "Choose a file.")]);
        if (uploaded.Length > StaffAnswers.MaxBytes)
            return new ShiftResult.Invalid([(0, "", "The file is larger than 1 MB. Split it.")]);
        using var buffer = new MemoryStream();
        await uploaded.CopyToAsync(buffer, cancel);
        return StaffAnswers.Text(buffer.ToArray()) is { } text
            ? await ImportShifts.RunAsync(plan, text, view.Zone, me, cancel)
            : new ShiftResult.WrongFile([new(1, null, "The file isn't UTF-8 text. In a spreadsheet, save it as “CSV UTF-8”.")]);
    }

    private static async Task<ShiftWeek?> ReadAsync(WorkflowRuntime runtime, string? key, string? week, Person me, CancellationToken cancel)
    {
        var teams = (await TeamQueries.ListAsync(runtime.Database, cancel)).Where(t => TeamQueries.Steers(me, t.Key) && !t.IsRetired).ToList();
        var team = string.IsNullOrEmpty(key) ? teams.Find(t => t.Members.Count > 0) ?? teams.FirstOrDefault() : teams.Find(t => t.Key == key);
        if (team is null)
            return null;
        var zone = await ShiftEndpoints.ZoneAsync(runtime, me, cancel);
        var today = runtime.Clock.Now().InZone(zone).Date;
        var monday = PlanShifts.Monday(LocalDatePattern.Iso.Parse(week ?? "") is { Success: true, Value: { Year: > 1900 and < 9000 } day } ? day : today);
        var shifts = await Shift.ListAsync(
            runtime.Database,
            [team.Key],
            zone.AtStartOfDay(monday).ToInstant(),
            zone.AtStartOfDay(monday.PlusDays(7)).ToInstant(),
            cancel
        );
        return new(teams, team, monday, today, zone, shifts);
    }
}
