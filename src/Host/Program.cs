using Orchestration.Host.Administration;
using Orchestration.Host.Cases;
using Orchestration.Host.Elsa;
using Orchestration.Host.Embedded;
using Orchestration.Host.Journeys;
using Orchestration.Host.Shell;
using Orchestration.Host.Tasks;
using Orchestration.Workflows;

var builder = WebApplication.CreateBuilder(args);
builder.AddDefaults();
await builder.AddDatabaseAsync();
builder.AddSignIn();
builder.AddForgeryProtection();
builder.AddProblems();
builder.AddPages();
builder.AddHealth();
builder.AddOpenApiDocument();
builder.Services.AddWorkflows();
builder.AddElsa();

var app = builder.Build();
await app.PrepareDatabaseAsync();

app.UseSecurityHeaders();
app.UseProblems();
app.UseAssets();
app.UseAuthentication();
app.UseAuthorization();
app.UseForgeryProtection();

app.MapHealth();
app.MapOpenApiDocument();
app.MapSessions();
app.MapSignIn();
app.MapPages();
app.MapLive();
app.MapPeople();
app.MapJourneys();
app.MapCases();
app.MapTasks();
app.MapStudio();
app.MapElsaApi();

await app.RunAsync();
