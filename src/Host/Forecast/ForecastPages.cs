using System.Globalization;
using NodaTime;
using NodaTime.Text;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Forecast;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Forecast;

internal static class ForecastPages
{
    /// <summary>Pages for those who steer a team; for others there are none.</summary>
    public static void MapForecastPages(this WebApplication app)
    {
        var pages = app.MapGroup("/forecast").ExcludeFromDescription();
        pages.MapGet(
            "",
            async (
                string? team,
                string? journey,
                string? by,
                bool? statutory,
                string? show,
                int? page,
                bool? fixes,
                int? did,
                ForecastOffice office,
                Person me,
                CancellationToken cancel
            ) =>
            {
                var filter = ForecastReading.Filter(team, journey, by, statutory, show, page);
                if (filter is null || await ForecastReading.ReadAsync(office, filter, me, fixes == true, cancel) is not { } view)
                    return Results.NotFound();
                return Html.Page(new ForecastPage { View = view with { Did = did > 0 } });
            }
        );
        pages.MapGet(
            "/{clock:guid}",
            async (Guid clock, string? to, HttpContext http, ForecastOffice office, Person me, CancellationToken cancel) =>
            {
                if (await ForecastReading.ReadAsync(office, new(null, null, null, false), me, fixes: false, cancel, clock) is not { } view)
                    return Results.NotFound();
                if (view.Rows.FirstOrDefault(row => row.Clock.Id == clock) is not { } row)
                    return Results.NotFound();
                var found = await office.FixesOfAsync(view.Made, clock, me, http.RequestAborted);
                return Html.Page(
                    new ForecastClockPage
                    {
                        Clock = new(view, ForecastReading.Item(view.Made, row, found.Best, true, null, me), found, Requests.LocalOr(to, "/forecast"))
                        {
                            Visible = view.Rows.ToDictionary(one => one.Clock.Id),
                        },
                    }
                );
            }
        );
        pages.MapPost("/apply", ApplyAsync);
        pages.MapGet("/what-if", TryAsync);
    }

    private static async Task<IResult> TryAsync(
        string? team,
        string? people,
        string? until,
        string? on,
        ForecastOffice office,
        Person me,
        CancellationToken cancel
    )
    {
        if (await ForecastReading.ReadAsync(office, new(string.IsNullOrEmpty(on) ? null : on, null, null, false), me, fixes: false, cancel) is not { } view)
            return Results.NotFound();
        if (view.Teams.All(one => one.Key != team))
            return Results.NotFound();
        var (count, day, error) = Check(people, until, view);
        if (error is not null)
            return Html.Page(new ForecastPage { View = view with { Error = error } }, 422);
        var answer = await office.TryAsync(view.Made, count, team!, day.PlusDays(1).AtStartOfDayInZone(office.Zone).ToInstant(), cancel);
        return Html.Page(new ForecastPage { View = view with { Tried = answer, Trying = (count, team!, day) } });
    }

    private static (int People, LocalDate Day, string? Error) Check(string? people, string? until, ForecastView view)
    {
        if (!int.TryParse(people, NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count is < 1 or > WhatIf.MostPeople)
            return (0, default, $"Enter how many people, from 1 to {WhatIf.MostPeople}.");
        var today = view.Made.MadeAt.InZone(view.Zone).Date;
        if (LocalDatePattern.Iso.Parse(until ?? "") is not { Success: true, Value: var day } || day < today || day > today.PlusDays(14))
            return (0, default, "Choose a day from today on, within 14 days.");
        return (count, day, null);
    }

    private static async Task<IResult> ApplyAsync(HttpContext http, ApplyFix apply, ForecastOffice office, Person me, CancellationToken cancel)
    {
        var form = await http.Request.ReadFormAsync(cancel);
        var to = Requests.LocalOr(form["to"], "/forecast");
        if (!Guid.TryParse(form["clock"], out var clock) || !Enum.TryParse<FixKind>(form["kind"], out var kind))
            return Results.NotFound();
        var order = new FixOrder(
            clock,
            kind,
            Id("task"),
            int.TryParse(form["revision"], NumberStyles.None, CultureInfo.InvariantCulture, out var revision) ? revision : null,
            Id("person"),
            form["team"] is [{ Length: > 0 } team] ? team : null,
            At("from"),
            At("until"),
            form["operation"] is [{ Length: > 0 } operation] ? operation : Ids.Text(Ids.New(office.Runtime.Clock.Now()))
        );
        var result = await apply.RunAsync(order, me, cancel);
        if (result is FixResult.Done)
            return Results.LocalRedirect($"{to}{(to.Contains('?', StringComparison.Ordinal) ? '&' : '?')}did=1");
        var problem = await FixAnswers.OfAsync(office, result, me, cancel);
        await ErrorHandling.WriteAsync(http, problem.Status, problem.Title, problem.Detail);
        return Results.Empty;

        Guid? Id(string field) => Guid.TryParse(form[field], out var id) ? id : null;

        Instant? At(string field) => InstantPattern.ExtendedIso.Parse(form[field].ToString()) is { Success: true, Value: var at } ? at : null;
    }
}
