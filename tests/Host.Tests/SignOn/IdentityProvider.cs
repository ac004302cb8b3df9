using System.Security.Claims;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NodaTime;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Orchestration.Host.Tests.SignOn;

/// <summary>An account of the provider.</summary>
public sealed record Account(string Subject, string Name, string? UserName, string? Email, bool? EmailVerified, params string[] Groups);

/// <summary>
/// A real identity provider (OpenIddict) on a free port. It signs in <see cref="Current"/> without asking, refuses clients, secrets and addresses it doesn't
/// know, and requires PKCE.
/// </summary>
public sealed class IdentityProvider : IAsyncDisposable
{
    public const string ClientId = "orchestration";
    public const string Secret = "a secret of the test";
    private readonly WebApplication _app;

    private IdentityProvider(WebApplication app) => _app = app;

    /// <summary>Who is signed in there; null: they cancel.</summary>
    public Account? Current { get; set; }

    /// <summary>How much its clock is ahead.</summary>
    public Duration Ahead { get; set; }

    /// <summary>Sign-outs that it was asked for, each with the user whom the hint names.</summary>
    public List<string?> SignOuts { get; } = [];

    public string Address { get; private set; } = "";

    public static async Task<IdentityProvider> StartAsync(IClock clock)
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        IdentityProvider provider = null!;
        builder
            .Services.AddOpenIddict()
            .AddServer(o =>
            {
                o.EnableDegradedMode();
                o.SetAuthorizationEndpointUris("connect/authorize").SetTokenEndpointUris("connect/token").SetEndSessionEndpointUris("connect/logout");
                o.AllowAuthorizationCodeFlow().RequireProofKeyForCodeExchange();
                o.RegisterScopes(Scopes.Profile, Scopes.Email);
                o.AddEphemeralEncryptionKey().AddEphemeralSigningKey();
                o.UseAspNetCore().DisableTransportSecurityRequirement();
                o.Configure(options => options.TimeProvider = new AheadOf(clock, () => provider.Ahead));
                o.AddEventHandler<ValidateAuthorizationRequestContext>(b => b.UseInlineHandler(context => provider.Validate(context)));
                o.AddEventHandler<ValidateTokenRequestContext>(b => b.UseInlineHandler(Validate));
                o.AddEventHandler<ValidateEndSessionRequestContext>(b => b.UseInlineHandler(_ => default));
                o.AddEventHandler<HandleAuthorizationRequestContext>(b => b.UseInlineHandler(context => provider.Handle(context)));
                o.AddEventHandler<HandleEndSessionRequestContext>(b => b.UseInlineHandler(context => provider.Handle(context)));
            });
        var app = builder.Build();
        provider = new(app);
        await app.StartAsync();
        provider.Address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

        // Its first answers take long on a busy machine, and the host doesn't wait for ever.
        using var client = new HttpClient();
        foreach (var document in new[] { "openid-configuration", "jwks" })
            (await client.GetAsync($"{provider.Address}/.well-known/{document}")).EnsureSuccessStatusCode();
        return provider;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private ValueTask Validate(ValidateAuthorizationRequestContext context)
    {
        if (context.ClientId != ClientId)
            context.Reject(Errors.InvalidClient);
        else if (context.RedirectUri?.EndsWith("/sign-in/callback", StringComparison.Ordinal) != true)
            context.Reject(Errors.InvalidRequest);
        return default;
    }

    private static ValueTask Validate(ValidateTokenRequestContext context)
    {
        if (context.ClientId != ClientId || context.ClientSecret != Secret)
            context.Reject(Errors.InvalidClient);
        return default;
    }

    private ValueTask Handle(HandleAuthorizationRequestContext context)
    {
        if (Current is not { } account)
        {
            context.Reject(Errors.AccessDenied, "The person cancelled.");
            return default;
        }

        var identity = new ClaimsIdentity("test", Claims.Name, Claims.Role);
        identity.SetClaim(Claims.Subject, account.Subject).SetClaim(Claims.Name, account.Name).SetClaim(Claims.PreferredUsername, account.UserName);
        identity.SetClaim(Claims.Email, account.Email).SetClaim(Claims.EmailVerified, account.EmailVerified);
        identity.SetClaims("groups", [.. account.Groups]);
        identity.SetScopes(context.Request.GetScopes());
        identity.SetDestinations(_ => [Destinations.IdentityToken]);
        context.SignIn(new ClaimsPrincipal(identity));
        return default;
    }

    private ValueTask Handle(HandleEndSessionRequestContext context)
    {
        SignOuts.Add(context.IdentityTokenHintPrincipal?.GetClaim(Claims.Subject));
        context.SignOut();
        return default;
    }

    private sealed class AheadOf(IClock clock, Func<Duration> ahead) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => (clock.GetCurrentInstant() + ahead()).ToDateTimeOffset();
    }
}
