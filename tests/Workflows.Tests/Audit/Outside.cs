using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using NodaTime;
using Orchestration.Testing;

namespace Orchestration.Workflows.Tests.Audit;

/// <summary>An object store, a receiver of webhooks and a timestamp authority, over HTTP in this process.</summary>
internal sealed class Outside : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Outside(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.Single());

    public ConcurrentDictionary<string, string> Objects { get; } = [];

    public ConcurrentQueue<(IHeaderDictionary Headers, string Body)> Hooks { get; } = [];

    public TimestampAuthority Authority { get; set; } = new();

    /// <summary>What paths begin with that are answered with 503.</summary>
    public string? Down { get; set; }

    /// <summary>How many requests there were, with those that failed.</summary>
    public int Requests { get; private set; }

    public static async Task<Outside> StartAsync(IClock clock)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var outside = new Outside(app);
        app.Use(
            async (http, next) =>
            {
                outside.Requests++;
                if (outside.Down is { } down && http.Request.Path.StartsWithSegments(down))
                    http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                else
                    await next(http);
            }
        );
        app.MapPut("/{bucket}/{**key}", (HttpContext http, string bucket, string key) => outside.StoreAsync(http, $"{bucket}/{key}"));
        app.MapPost(
            "/hook",
            async (HttpContext http) =>
            {
                using var reader = new StreamReader(http.Request.Body);
                outside.Hooks.Enqueue((new HeaderDictionary(http.Request.Headers.ToDictionary()), await reader.ReadToEndAsync()));
            }
        );
        app.MapPost(
            "/stamp",
            async (HttpContext http) =>
            {
                using var query = new MemoryStream();
                await http.Request.Body.CopyToAsync(query);
                http.Request.ContentType.ShouldBe("application/timestamp-query");
                return Results.Bytes(outside.Authority.Answer(query.ToArray(), clock.GetCurrentInstant().ToDateTimeUtc()), "application/timestamp-reply");
            }
        );
        await app.StartAsync();
        return outside;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    /// <summary>Like a store that checks who asks, and that the body is the one that was signed.</summary>
    private async Task<IResult> StoreAsync(HttpContext http, string key)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        var hash = Convert.ToHexStringLower(SHA256.HashData(body.ToArray()));
        var signature = http.Request.Headers.Authorization.ToString();
        if (!signature.StartsWith("AWS4-HMAC-SHA256 Credential=AKID/", StringComparison.Ordinal) || http.Request.Headers["x-amz-content-sha256"] != hash)
            return Results.StatusCode(StatusCodes.Status403Forbidden);
        Objects[key] = System.Text.Encoding.UTF8.GetString(body.ToArray());
        return Results.Ok();
    }
}
