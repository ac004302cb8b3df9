using System.Reflection;
using Npgsql;
using Orchestration.Embedded;
using Orchestration.Engine.Storage;
using Orchestration.Host;
using Orchestration.Host.Access;
using Orchestration.Host.Administration;
using Orchestration.Host.Away;
using Orchestration.Host.Background;
using Orchestration.Host.Cases;
using Orchestration.Host.Commands;
using Orchestration.Host.Compliance;
using Orchestration.Host.CustomerPromises;
using Orchestration.Host.Customers;
using Orchestration.Host.Distribution;
using Orchestration.Host.Elsa;
using Orchestration.Host.Elsa.Http;
using Orchestration.Host.Elsa.Studio;
using Orchestration.Host.Filters;
using Orchestration.Host.Findings;
using Orchestration.Host.Forecast;
using Orchestration.Host.Guidance;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Host.Inbox;
using Orchestration.Host.Journeys;
using Orchestration.Host.Notifications;
using Orchestration.Host.OwnView;
using Orchestration.Host.Performance;
using Orchestration.Host.RequestedChanges;
using Orchestration.Host.Retention;
using Orchestration.Host.Rights;
using Orchestration.Host.Security;
using Orchestration.Host.ServiceLevels;
using Orchestration.Host.Shell;
using Orchestration.Host.SignOn;
using Orchestration.Host.Staff;
using Orchestration.Host.Startup;
using Orchestration.Host.Tasks;
using Orchestration.Host.Tasks.Bulk;
using Orchestration.Host.Teams;
using Orchestration.Host.Workforce;
using Orchestration.Workflows;
using Orchestration.Workflows.Audit;

try
{
    await Run(args);
}
catch (Exception e)
    when (e is EmbeddedPostgresException or MigrationException or ConfigurationException or NpgsqlException
        && Assembly.GetEntryAssembly() == typeof(Program).Assembly
    )
{
    // The message tells the operator what to do. Code that starts the host in its own process gets the exception.
    Console.Error.WriteLine(e.Message);
    return 1;
}

return 0;

static async Task Run(string[] args)
{
    var builder = WebApplication.CreateBuilder(args);
    var settings = HostSettings.Read(builder.Configuration, builder.Environment.IsDevelopment());
    builder.AddDefaults();
    await builder.AddDatabaseAsync();
    builder.AddAddresses(settings.Addresses);
    builder.AddSignIn(settings.Access, settings.SignOn);
    builder.AddSingleSignOn(settings.SignOn.Provider);
    builder.AddForgeryProtection();
    builder.AddErrorHandling();
    builder.AddPages();
    builder.AddHealth();
    builder.AddLiveStreams();
    builder.AddTelemetry(settings.Telemetry);
    builder.AddOpenApiDocument();
    builder.Services.AddSingleton(settings.History).AddSingleton<KeepHistory>().AddSingleton<HoldHeads>();
    builder.Services.AddWorkflows(settings.Workflows.Mail, settings.Workflows.CSharp, settings.Workflows.AllowPrivateAddresses, settings.Workflows.FanOut);
    builder.AddOwnView(settings.OwnView);
    builder.Services.AddSingleton(settings.Promises);
    builder.Services.AddSingleton<KeptBoards>();
    builder.Services.AddBulk();
    builder.Services.AddDistributionPages();
    builder.Services.AddPerformance();
    builder.AddDemo(settings.Demo);
    builder.AddElsa();

    var app = builder.Build();
    if (args is ["migrate", ..])
    {
        await app.MigrateAsync();
        return;
    }

    app.WarnOfProxy();
    if (!await app.WhenDatabaseIsThereAsync(args, () => app.PrepareDatabaseAsync(settings.FirstAdministrator)))
        return;

    app.UseSecurityHeaders();
    app.UseRunToCompletion();
    app.UseLargeRequests();
    app.UseErrorHandling();
    app.UseAddresses(settings.Addresses);
    app.UseAssets();
    app.UseSignIn();
    app.UseForgeryProtection();
    app.UseSensitiveGuard();
    app.UseAccessLog();
    app.UseLongLivedEndpoints();

    app.MapHealth();
    app.MapOpenApiDocument();
    app.MapDemoProgress();
    app.MapSessions();
    app.MapSignIn();
    app.MapSingleSignOn();
    app.MapSecondFactor();
    app.MapSecurity();
    app.MapRoles();
    app.MapAccess();
    app.MapChoosePassword();
    app.MapLive();
    app.MapStaff();
    app.MapJobs();
    app.MapJobDashboard();
    app.MapBackgroundWork();
    app.MapWebhooks();
    app.MapJourneys();
    app.MapDefinitions();
    app.MapCases();
    app.MapChanges();
    app.MapCasePages();
    app.MapTasks();
    app.MapSubstitutions();
    app.MapTaskPages();
    app.MapClocks();
    app.MapPromises();
    app.MapPromisePages();
    app.MapCustomers();
    app.MapCustomerPages();
    app.MapOwnView();
    app.MapOwnViewLinks();
    app.MapGuidance();
    app.MapGuidancePages();
    app.MapGuidancePanel();
    app.MapServiceLevels();
    app.MapInbox();
    app.MapCommands();
    app.MapFilters();
    app.MapBulk();
    app.MapTeams();
    app.MapForecast();
    app.MapForecastPages();
    app.MapOffers();
    app.MapDistributionPolicies();
    app.MapDistributionPages();
    app.MapWorkforce();
    app.MapPerformance();
    app.MapCompliance();
    app.MapFindings();
    app.MapMyAccess();
    app.MapReasons();
    app.MapRetention();
    app.MapAway();
    app.MapNotifications();
    app.MapNotificationPreferences();
    app.MapStudio();
    app.MapElsaApi();
    app.MapWorkflowRequests(settings.WorkflowRequests);
    app.MakeEndpointsOnce();

    await app.RunAsync();
}
