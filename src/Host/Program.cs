using Orchestration.Host.Administration;
using Orchestration.Host.Elsa;
using Orchestration.Host.Shell;

var builder = WebApplication.CreateBuilder(args);
builder.AddDefaults();
await builder.AddDatabaseAsync();
builder.AddSignIn();
builder.AddForgeryProtection();
builder.AddProblems();
builder.AddPages();
builder.AddHealth();
builder.AddOpenApiDocument();
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
app.MapStudio();
app.MapElsaApi();

await app.RunAsync();
