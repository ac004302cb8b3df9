using System.Net;
using Microsoft.AspNetCore.Routing;
using NodaTime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Workflows.Audit;

namespace Orchestration.Host.Access;

/// <summary>An endpoint that shows personal data.</summary>
/// <param name="Kind">Of the access log.</param>
/// <param name="Subject">Route value with the id of what it shows; null: there is none.</param>
/// <param name="Words">Query parameter with the words of a search; without it nothing is searched.</param>
internal sealed record LoggedEndpoint(string Kind, string? Subject, string? Words = null)
{
    /// <summary>What leaves the house is written before it leaves.</summary>
    public bool BeforeAnswer => Kind is "document" or "export";
}

/// <summary>
/// Logs who opens personal data: one table of endpoints, so that none of them has to think of it. Parts of pages that refresh themselves don't count, nor
/// answers that show nothing.
/// </summary>
internal static class AccessLogging
{
    /// <summary>The endpoints, by their routes.</summary>
    public static readonly IReadOnlyDictionary<string, LoggedEndpoint> Endpoints = new Dictionary<string, LoggedEndpoint>
    {
        ["/customers/{id:guid}"] = new("customer", "id"),
        ["/api/customers/{id:guid}"] = new("customer", "id"),
        ["/api/customers/{id:guid}/cases"] = new("customer", "id"),
        ["/api/customers/{id:guid}/contacts"] = new("customer", "id"),
        ["/cases/{id:guid}/"] = new("case", "id"),
        ["/api/cases/{id:guid}"] = new("case", "id"),
        ["/api/cases/{id:guid}/history"] = new("case", "id"),
        ["/compliance/cases/{id:guid}"] = new("case", "id"),
        ["/api/history/cases/{id:guid}"] = new("case", "id"),
        ["/api/history/cases/{id:guid}/compare"] = new("case", "id"),
        ["/tasks/{id:guid}/"] = new("task", "id"),
        ["/api/tasks/{id:guid}"] = new("task", "id"),
        ["/tasks/{id:guid}/files/{attachment:guid}"] = new("document", "attachment"),
        ["/api/tasks/{id:guid}/attachments/{attachment:guid}"] = new("document", "attachment"),
        ["/search"] = new("search", null, "q"),
        ["/api/search"] = new("search", null, "q"),
        ["/customers"] = new("search", null, "q"),
        ["/api/customers/"] = new("search", null, "q"),
        ["/api/cases/{id:guid}/proof"] = new("export", "id"),
        ["/api/cases/{id:guid}/report"] = new("export", "id"),
        ["/compliance/cases/{id:guid}/report"] = new("export", "id"),
        ["/compliance/history.csv"] = new("export", null),
        ["/api/history/search.csv"] = new("export", null),
    };

    /// <summary>Comes after sign-in.</summary>
    public static void UseAccessLog(this WebApplication app) =>
        app.Use(
            (context, next) =>
            {
                if (
                    HttpMethods.IsGet(context.Request.Method)
                    && !context.Request.IsFragment()
                    && context.GetEndpoint() is RouteEndpoint { RoutePattern.RawText: { } route }
                    && Endpoints.TryGetValue(route, out var logged)
                    && context.User.Identity is PersonIdentity who
                )
                    context.Response.OnStarting(() => LogAsync(context, logged, who));
                return next(context);
            }
        );

    internal static string Address(IPAddress? address) => (address is { IsIPv4MappedToIPv6: true } mapped ? mapped.MapToIPv4() : address)?.ToString() ?? "";

    private static async Task LogAsync(HttpContext context, LoggedEndpoint logged, PersonIdentity who)
    {
        if (context.Response.StatusCode is not (>= 200 and < 300))
            return;
        var words = logged.Words is { } parameter ? context.Request.Query[parameter].ToString().Trim() : "";
        if (logged.Words is not null && words.Length == 0)
            return;
        var services = context.RequestServices;
        var log = services.GetRequiredService<AccessLog>();
        var opening = new Opening(
            services.GetRequiredService<IClock>().Now(),
            who.Person.Id,
            logged.Kind,
            logged.Subject is { } subject && Guid.TryParse(context.GetRouteValue(subject)?.ToString(), out var id) ? id : null,
            logged.Words is not null ? words
                : logged.Kind == "export" ? $"{context.Request.Path}{context.Request.QueryString}"
                : "",
            Address(context.Connection.RemoteIpAddress),
            who.Session,
            context.Request.IsOfPages() ? HistorySource.Page : HistorySource.Api
        );
        if (logged.BeforeAnswer)
            await log.WriteNowAsync(opening, CancellationToken.None);
        else
            await log.RecordAsync(opening);
    }
}
