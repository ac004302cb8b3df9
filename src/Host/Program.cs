using Orchestration.Host.Elsa;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddSingleton<StudioFiles>();
builder.Services.AddAuthentication("Cookies").AddCookie().AddBearerToken();
ElsaAccess.AddPolicies(builder.Services.AddAuthorizationBuilder());
var app = builder.Build();
app.MapStudio();
app.Run();
