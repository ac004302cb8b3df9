using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Primitives;

namespace Orchestration.Host.Http;

/// <summary>
/// The endpoints of the host, made once. The framework makes them, which compiles the handler of each, whenever someone asks for them: at
/// start for authorization, and for routing once more when the first request waits for it.
/// </summary>
internal sealed class EndpointsOnce(IReadOnlyList<EndpointDataSource> sources) : EndpointDataSource
{
    private readonly Lazy<IReadOnlyList<Endpoint>> _endpoints = new(() => [.. sources.SelectMany(source => source.Endpoints)]);

    public override IReadOnlyList<Endpoint> Endpoints => _endpoints.Value;

    public override IChangeToken GetChangeToken() => NullChangeToken.Singleton;
}

internal static class EndpointSetup
{
    /// <summary>After everything was mapped: nothing is added later.</summary>
    public static void MakeEndpointsOnce(this IEndpointRouteBuilder app)
    {
        var once = new EndpointsOnce([.. app.DataSources]);
        app.DataSources.Clear();
        app.DataSources.Add(once);
    }
}
