using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Access;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Staff;

namespace Orchestration.Host.SignOn;

/// <summary>
/// Single sign-on with OpenID Connect: the authorization code flow with PKCE. The provider's addresses and keys are read when someone first signs in, so that a
/// provider that doesn't answer keeps no host from starting and no local account from signing in. The provider proves who it is; which person that is, and what
/// they may do, <see cref="ProvidePerson"/> decides at each sign-in.
/// </summary>
internal static partial class SingleSignOn
{
    private const string Callback = "/sign-in/callback";
    private const string SignedOut = "/sign-in/signed-out";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static void AddSingleSignOn(this WebApplicationBuilder builder, OpenIdConnectSettings? provider)
    {
        if (provider is null)
            return;
        builder.Services.AddAuthentication().AddOpenIdConnect(SignOnSettings.Scheme, provider.Rules.Provider, _ => { });
        builder.Services.AddOptions<OpenIdConnectOptions>(SignOnSettings.Scheme).Configure<IClock>((o, clock) => Configure(o, provider, clock));
    }

    public static void MapSingleSignOn(this WebApplication app)
    {
        app.MapGet("/sign-in/provider", ChallengeAsync).AllowAnonymous().RequireRateLimiting(Addresses.SignInLimit).ExcludeFromDescription();
        app.MapGet(
                "/sign-in/refused",
                (string? reason, string? to, SignOnSettings settings) =>
                    Html.Page(
                        new RefusedPage
                        {
                            Reason = SignOnReason.Of(reason),
                            Provider = settings.Provider?.Rules.Provider ?? "the identity provider",
                            AllowsPasswords = settings.AllowsPasswords,
                            To = Requests.LocalOr(to, "/"),
                        }
                    )
            )
            .AllowAnonymous()
            .ExcludeFromDescription();
    }

    private static void Configure(OpenIdConnectOptions o, OpenIdConnectSettings provider, IClock clock)
    {
        o.Authority = provider.Authority.AbsoluteUri.TrimEnd('/');
        o.RequireHttpsMetadata = !provider.Authority.IsLoopback;
        o.ClientId = provider.ClientId;
        o.ClientSecret = provider.ClientSecret;
        o.SignInScheme = o.SignOutScheme = CookieAuthenticationDefaults.AuthenticationScheme;
        o.CallbackPath = Callback;
        o.SignedOutCallbackPath = SignedOut;
        o.SignedOutRedirectUri = "/sign-in";
        o.BackchannelTimeout = Patience;

        // The code comes back in the address: a form of another site would bring no cookie that is kept to ours.
        o.ResponseType = OpenIdConnectResponseType.Code;
        o.ResponseMode = OpenIdConnectResponseMode.Query;
        o.UsePkce = true;
        foreach (var cookie in new[] { o.CorrelationCookie, o.NonceCookie })
            (cookie.SameSite, cookie.SecurePolicy) = (SameSiteMode.Lax, CookieSecurePolicy.SameAsRequest);
        o.Scope.Clear();
        foreach (var scope in provider.Scopes)
            o.Scope.Add(scope);
        o.GetClaimsFromUserInfoEndpoint = provider.UsesUserInfo;
        if (provider.UsesUserInfo)
            o.ClaimActions.MapAllExcept("iss", "sub", "aud", "exp", "iat", "nonce");
        o.ClaimActions.Remove("iss");
        o.MapInboundClaims = false;
        o.SaveTokens = true;
        o.DisableTelemetry = true;
        o.TokenValidationParameters.ClockSkew = provider.ClockSkew;
        o.TokenValidationParameters.LifetimeValidator = (_, expires, token, _) => IsOfNow(expires, token, provider.ClockSkew, clock.GetCurrentInstant());
        o.Events.OnTicketReceived = context => ReceiveAsync(context, provider);
        o.Events.OnRemoteFailure = context => FailAsync(context, provider);
        o.Events.OnAccessDenied = context =>
        {
            Refuse(context.HttpContext, provider, SignOnReason.Declined, null, context.ReturnUrl);
            context.HandleResponse();
            return Task.CompletedTask;
        };
    }

    /// <summary>
    /// Whether the token was issued before now and ends after. Providers rarely send when a token begins, so a clock that is fast shows in when it was issued.
    /// </summary>
    private static bool IsOfNow(DateTime? expires, SecurityToken token, TimeSpan skew, Instant instant)
    {
        var now = instant.ToDateTimeUtc();
        if (expires is null || expires <= now - skew)
            throw new SecurityTokenExpiredException($"The token ended at {expires:u}; it is {now:u} here.");
        var issued = (token as JsonWebToken)?.IssuedAt ?? DateTime.MinValue;
        return issued <= now + skew ? true : throw new SecurityTokenNotYetValidException($"The token was issued at {issued:u}; it is {now:u} here.");
    }

    private static async Task<IResult> ChallengeAsync(string? to, SignOnSettings settings, HttpContext context)
    {
        if (settings.Provider is not { } provider)
            return Results.NotFound();
        try
        {
            await context.ChallengeAsync(SignOnSettings.Scheme, new() { RedirectUri = Requests.LocalOr(to, "/") });
            return Results.Empty;
        }
        catch (InvalidOperationException e) when (IsProviderDown(e))
        {
            Refuse(context, provider, SignOnReason.Unreachable, Causes(e).Last().Message.ReplaceLineEndings(" "), to);
            return Results.Empty;
        }
    }

    /// <summary>The provider has proven who it is: they get the session of a person, or a reason.</summary>
    private static async Task ReceiveAsync(TicketReceivedContext context, OpenIdConnectSettings provider)
    {
        var services = context.HttpContext.RequestServices;
        var account = Account(context.Principal!.Claims.ToLookup(claim => claim.Type, claim => claim.Value), provider);
        var result = await ProvidePerson.RunAsync(services.GetRequiredService<WorkflowRuntime>(), provider.Rules, account, context.HttpContext.RequestAborted);
        var sessions = services.GetRequiredService<Sessions>();
        if (result is ProvideResult.Refused refused)
        {
            var detail = $"{account.Subject}: {refused.Detail ?? account.UserName}";
            Refuse(context.HttpContext, provider, SignOnReason.Of(refused.Reason), detail, context.ReturnUri);
            context.HandleResponse();
        }
        else if (
            result is ProvideResult.Provided { Person: var id }
            && await sessions.TicketAsync(context.HttpContext, id, provider.Rules.Provider) is { } ticket
            && await sessions.PersonAsync(id, context.HttpContext.RequestAborted) is { } person
        )
        {
            // Of the provider's tokens only the one that its sign-out asks for is kept, in the cookie.
            var token = context.Properties!.GetTokenValue(OpenIdConnectParameterNames.IdToken);
            context.Properties = new AuthenticationProperties();
            if (token is not null)
                context.Properties.StoreTokens([new() { Name = OpenIdConnectParameterNames.IdToken, Value = token }]);
            context.Principal = ticket;
            context.ReturnUri = SessionEndpoints.To(context.ReturnUri, person);
        }
        else
        {
            Refuse(context.HttpContext, provider, SignOnReason.Of(SignOnRefusal.Deactivated), account.Subject, context.ReturnUri);
            context.HandleResponse();
        }
    }

    private static ExternalPerson Account(ILookup<string, string> claims, OpenIdConnectSettings provider)
    {
        return new(
            claims["iss"].FirstOrDefault() ?? provider.Authority.AbsoluteUri,
            claims["sub"].First(),
            Text(provider.UserNameClaim),
            Text(provider.NameClaim),
            Text(provider.EmailClaim),
            bool.TryParse(claims["email_verified"].FirstOrDefault(), out var verified) ? verified : null,
            [.. claims[provider.GroupsClaim].Distinct()]
        );

        string? Text(string claim) => claims[claim].FirstOrDefault(text => !string.IsNullOrWhiteSpace(text));
    }

    private static Task FailAsync(RemoteFailureContext context, OpenIdConnectSettings provider)
    {
        var reason = context.Failure switch
        {
            { } failure when IsProviderDown(failure) => SignOnReason.Unreachable,
            { } failure when Causes(failure).Any(e => e is SecurityTokenExpiredException or SecurityTokenNotYetValidException) => SignOnReason.Clock,
            { } failure when Causes(failure).Any(e => e.Data["error"] as string == "access_denied") => SignOnReason.Declined,
            { } failure when Causes(failure).Any(e => e is OpenIdConnectProtocolInvalidNonceException) => SignOnReason.StateLost,
            AuthenticationFailureException { InnerException: null } => SignOnReason.StateLost,
            _ => SignOnReason.Token,
        };
        Refuse(
            context.HttpContext,
            provider,
            reason,
            context.Failure is { } why ? Causes(why).Last().Message.ReplaceLineEndings(" ") : null,
            context.Properties?.RedirectUri
        );
        context.HandleResponse();
        return Task.CompletedTask;
    }

    /// <summary>One line for the log, and a page that says why.</summary>
    private static void Refuse(HttpContext context, OpenIdConnectSettings provider, SignOnReason reason, string? detail, string? to)
    {
        var log = context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(SingleSignOn).FullName!);
        Refused(log, provider.Rules.Provider, reason.Code, detail ?? "");
        context.Response.Redirect($"/sign-in/refused?reason={reason.Code}&to={Uri.EscapeDataString(Requests.LocalOr(to, "/"))}");
    }

    // Reading the provider's addresses fails with an exception of its own, whose cause may be anything.
    private static bool IsProviderDown(Exception failure) =>
        Causes(failure)
            .Any(e =>
                e is HttpRequestException or IOException or TaskCanceledException
                || e is InvalidOperationException && e.Message.StartsWith("IDX20803", StringComparison.Ordinal)
            );

    private static IEnumerable<Exception> Causes(Exception failure)
    {
        for (var e = failure; e is not null; e = e.InnerException)
            yield return e;
    }

    [LoggerMessage(EventId = 311, Level = LogLevel.Warning, Message = "Sign-in with {Provider} was refused: {Reason}. {Detail}")]
    private static partial void Refused(ILogger log, string provider, string reason, string detail);
}
