using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.BearerToken;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.Options;
using NodaTime;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Identity;

internal static class SignInSetup
{
    private const string Session = "Session";

    /// <summary>
    /// People, sessions and permissions of roles. Every endpoint needs a signed-in person unless it says otherwise;
    /// <c>RequireAuthorization(Roles.X)</c> needs the role. An endpoint for several roles names a policy of <see cref="Policies"/>.
    /// </summary>
    public static void AddSignIn(this WebApplicationBuilder builder, AccessSettings settings, SignOnSettings signOn)
    {
        var services = builder.Services;
        services
            .AddSingleton(s =>
            {
                var people = new FindPerson(s.GetRequiredService<NpgsqlDataSource>());
                s.GetRequiredService<Changes>()
                    .Listen(change =>
                    {
                        if (change.Kind == ChangeKind.Access)
                            people.Forget(change.Id);
                    });
                return people;
            })
            .AddSingleton<SignIn>()
            .AddSingleton<SignOut>()
            .AddSingleton<RefreshSession>()
            .AddSingleton<AddPerson>()
            .AddSingleton<SeedPeople>();
        services.AddSingleton(signOn).AddSingleton(signOn.Passwords).AddSingleton(signOn.SecondFactor);
        services.AddSingleton<Sessions>().AddSingleton<PendingSignIn>();
        services.AddHttpContextAccessor();
        services.AddScoped(s => PersonIdentity.Of(s.GetRequiredService<IHttpContextAccessor>().HttpContext!.User));
        services.AddScoped(s => s.GetRequiredService<PersonIdentity>().Person);

        services.AddDataProtection().SetApplicationName("orchestration");
        services.AddSingleton<DataProtectionKeys>();
        services.AddOptions<KeyManagementOptions>().Configure<DataProtectionKeys>((o, keys) => o.XmlRepository = keys);

        services
            .AddAuthentication(Session)
            .AddPolicyScheme(
                Session,
                null,
                o =>
                    o.ForwardDefaultSelector = context =>
                        context.Request.HasApiKey() ? ApiKeys.SchemeName
                        : context.Request.HasToken() ? BearerTokenDefaults.AuthenticationScheme
                        : CookieAuthenticationDefaults.AuthenticationScheme
            )
            .AddScheme<AuthenticationSchemeOptions, ApiKeys>(ApiKeys.SchemeName, null)
            .AddCookie()
            .AddBearerToken();
        services.AddOptions<CookieAuthenticationOptions>(CookieAuthenticationDefaults.AuthenticationScheme).Configure<IClock>(Sessions.Configure);
        services.AddOptions<BearerTokenOptions>(BearerTokenDefaults.AuthenticationScheme).Configure<IClock>(Sessions.Configure);

        var authorization = services.AddAuthorizationBuilder().SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build());
        foreach (var role in Roles.All)
            authorization.AddPolicy(role, policy => policy.RequireRole(role));
        foreach (var (name, roles) in Policies.All)
            authorization.AddPolicy(name, policy => policy.RequireRole(roles));

        authorization.AddPolicy(
            Policies.Steer,
            policy => policy.RequireAuthenticatedUser().RequireAssertion(context => context.User.Identity is PersonIdentity who && Policies.Steers(who.Person))
        );

        services.AddSingleton(settings);
        services.AddSingleton<JourneyAccess>().AddSingleton<IAuthorizationHandler>(s => s.GetRequiredService<JourneyAccess>());
        foreach (var right in JourneyAccess.All)
            authorization.AddPolicy(right, policy => policy.RequireAuthenticatedUser().AddRequirements(new JourneyAccess.Right(right)));
    }

    /// <summary>From here on, a request belongs to a person, or is anonymous where that is allowed.</summary>
    public static void UseSignIn(this WebApplication app)
    {
        app.UseAuthentication();
        app.Use(PersonIdentity.ReplaceAsync);
        app.UseAuthorization();
    }
}

/// <summary>Rights that more than one role has.</summary>
internal static class Policies
{
    /// <summary>Design journeys.</summary>
    public const string Design = "design";

    /// <summary>Start cases for customers.</summary>
    public const string StartCases = "start-cases";

    /// <summary>Try out journeys with test cases.</summary>
    public const string StartTests = "start-tests";

    /// <summary>Start cases, or test cases.</summary>
    public const string Start = "start";

    /// <summary>Steer teams. The endpoint also admits people who lead a team without having the role.</summary>
    public const string Supervise = "supervise";

    /// <summary>Steer at least one team, by role or as its lead. Which one, the endpoint checks.</summary>
    public const string Steer = "steer";

    /// <summary>Enter, merge and import customers.</summary>
    public const string KeepCustomers = "keep-customers";

    /// <summary>Change live cases by hand.</summary>
    public const string AlterCases = "alter-cases";

    /// <summary>Which roles have which right.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> All = new Dictionary<string, string[]>
    {
        [Design] = [Roles.Analyst, Roles.Administrator],
        [StartCases] = [Roles.FrontOffice, Roles.Employee, Roles.Supervisor, Roles.Administrator],
        [StartTests] = [Roles.Analyst, Roles.Administrator],
        [Start] = [Roles.FrontOffice, Roles.Employee, Roles.Supervisor, Roles.Administrator, Roles.Analyst],
        [Supervise] = [Roles.Supervisor, Roles.Administrator],
        [KeepCustomers] = [Roles.FrontOffice, Roles.Supervisor, Roles.Administrator],
        [AlterCases] = [Roles.Supervisor, Roles.Administrator],
    };

    /// <summary>Whether the person steers any team.</summary>
    public static bool Steers(Person person) => Allow(Supervise, person) || person.Leads.Count > 0;

    /// <summary>Whether the person has the right, or the role of that name.</summary>
    public static bool Allow(string policy, Person person) => All.TryGetValue(policy, out var roles) ? roles.Any(role => person.Is(role)) : person.Is(policy);
}
