using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Workflows.Filters;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Filters;

/// <summary>Saves and removes the filters that people keep of a list.</summary>
internal static class FilterPages
{
    public const string Work = "work";
    public const string Team = "team";
    public const string Cases = "cases";
    public const string Performance = "performance";
    public const string Forecast = "forecast";

    /// <summary>Address of each list.</summary>
    public static readonly IReadOnlyDictionary<string, string> Lists = new Dictionary<string, string>
    {
        [Work] = "/",
        [Team] = "/team",
        [Cases] = "/cases",
        [Performance] = "/performance",
        [Forecast] = "/forecast",
    };

    public static void MapFilters(this WebApplication app)
    {
        app.MapPost("/filters/{list}", SaveAsync).ExcludeFromDescription();
        app.MapPost(
                "/filters/{list}/{id:guid}/remove",
                async Task<IResult> (string list, Guid id, NpgsqlDataSource database, IClock clock, Person me, CancellationToken cancel) =>
                {
                    if (!Lists.TryGetValue(list, out var address))
                        return Results.NotFound();
                    await SavedFilters.RemoveAsync(database, me, id, clock.Now(), cancel);
                    return Results.LocalRedirect(address);
                }
            )
            .ExcludeFromDescription();
    }

    private static async Task<IResult> SaveAsync(string list, HttpContext http, NpgsqlDataSource database, IClock clock, Person me, CancellationToken cancel)
    {
        if (!Lists.TryGetValue(list, out var address))
            return Results.NotFound();
        var form = await http.Request.ReadFormAsync(cancel);
        var name = form["name"].ToString().Trim();
        var query = form["query"].ToString();
        var reason =
            name.Length is 0 or > SavedFilters.MaxName ? $"Name must have from 1 to {SavedFilters.MaxName} characters."
            : query.Length > SavedFilters.MaxQuery || (query.Length > 0 && query[0] != '?') || query.Any(char.IsControl)
                ? "The filter can't be saved: reload the page and try again."
            : await SavedFilters.SaveAsync(database, me, list, name, query, clock.Now(), cancel) ? null
            : $"You can keep {SavedFilters.Most} filters of a list. Remove one first.";
        if (reason is null)
            return Results.LocalRedirect(address + query);
        await ErrorHandling.WriteAsync(http, StatusCodes.Status422UnprocessableEntity, "The filter wasn't saved", reason);
        return Results.Empty;
    }
}
