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
    /// People, sessions and permissions. Every endpoint needs a signed-in person unless it says otherwise;
    /// <c>RequireAuthorization(Permissions.X)</c> needs the permission. An endpoint that admits others too names a policy of <see cref="Policies"/>.
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
        services.AddSingleton(signOn).AddSingleton(signOn.Passwords).AddSingleton(signOn.SecondFactor).AddSingleton(signOn.Duties);
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

        // For workflows that answer HTTP requests: their policy may be a role.
        foreach (var role in Roles.All)
            authorization.AddPolicy(role, policy => policy.RequireRole(role));
        foreach (var permission in Permissions.All.Select(permission => permission.Key).Except(JourneyAccess.All))
            Add(permission, person => person.May(permission));
        Add(Policies.Start, person => person.May(Permissions.StartCases) || person.May(Permissions.StartTests));
        Add(Policies.Steer, Policies.Steers);
        Add(Policies.SeeAccess, Policies.SeesAccess);
        Add(Policies.Erasures, Policies.SeesErasures);
        void Add(string name, Func<Person, bool> may) =>
            authorization.AddPolicy(
                name,
                policy => policy.RequireAuthenticatedUser().RequireAssertion(context => context.User.Identity is PersonIdentity who && may(who.Person))
            );

        services.AddSingleton<IAuthorizationMiddlewareResultHandler, HiddenWithoutRight>();
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
        app.Use(
            (context, next) =>
            {
                if (context.GetEndpoint() is not null)
                    HistorySource.Current = context.Request.IsOfPages() ? HistorySource.Page : HistorySource.Api;
                return next(context);
            }
        );
    }
}

/// <summary>Rights that more than a permission gives. All others are <see cref="Permissions"/>.</summary>
internal static class Policies
{
    /// <summary>Start cases, or test cases.</summary>
    public const string Start = "start";

    /// <summary>Steer at least one team, by permission or as its lead. Which one, the endpoint checks.</summary>
    public const string Steer = "steer";

    /// <summary>See who can do what.</summary>
    public const string SeeAccess = "see-access";

    /// <summary>See requests to erase a customer's data: who asks, and who decides.</summary>
    public const string Erasures = "erasures";

    /// <summary>Whether the person sees requests to erase a customer's data.</summary>
    public static bool SeesErasures(Person person) => person.May(Permissions.KeepRecords) || person.May(Permissions.DecideErasures);

    /// <summary>Whether the person steers any team.</summary>
    public static bool Steers(Person person) => person.May(Permissions.SteerTeams) || person.Leads.Count > 0;

    /// <summary>Whether the person sees who can do what: who gives access, and who reviews it.</summary>
    public static bool SeesAccess(Person person) =>
        person.May(Permissions.ManagePeople) || person.May(Permissions.ManageRoles) || person.May(Permissions.ReviewHistory);
}

/// <summary>The page on which a person begins.</summary>
internal static class Home
{
    /// <summary>Tasks first, for those who have any. Roles that administrators composed lead to the first page they open.</summary>
    public static string Of(Person person) =>
        PermissionHolders.IsFrontOffice(person) ? "/front-office"
        : person.Is(Roles.Employee, Roles.Supervisor) || person.Teams.Count + person.Leads.Count > 0 ? "/"
        : person.Is(Roles.Analyst) ? "/studio"
        : person.Is(Roles.Administrator) ? "/administration/people"
        : person.Is(Roles.Compliance) ? "/compliance"
        : person.May(Permissions.SteerTeams) ? "/team"
        : person.May(Permissions.EditJourneys) ? "/studio"
        : person.May(Permissions.ReviewHistory) ? "/compliance"
        : person.May(Permissions.KeepRecords) ? "/compliance/holds"
        : Policies.SeesErasures(person) ? "/compliance/erasures"
        : person.May(Permissions.ManagePeople) ? "/administration/people"
        : person.May(Permissions.ManageRoles) ? "/administration/roles"
        : person.May(Permissions.ManageSettings) ? "/administration/skills"
        : person.May(Permissions.OperateJobs) ? "/administration/jobs"
        : person.May(Permissions.SeeAllWork) ? "/cases"
        : "/";
}
