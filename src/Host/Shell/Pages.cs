using Orchestration.Engine.Storage;
using Orchestration.Host.Shell.Parts;

namespace Orchestration.Host.Shell;

internal static class Pages
{
    public static void AddPages(this WebApplicationBuilder builder)
    {
        builder.Services.AddRazorComponents();
        Assets.Add(builder);
    }

    public static void UseAssets(this WebApplication app) => Assets.Use(app);
}
