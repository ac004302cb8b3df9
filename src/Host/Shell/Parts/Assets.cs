using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.Extensions.FileProviders;

namespace Orchestration.Host.Shell.Parts;

/// <summary>Style sheets, scripts and fonts under <c>/assets</c>: our own and, in <c>lib</c>, those of npm packages (Host.csproj lists them).</summary>
internal sealed class Assets(IWebHostEnvironment environment)
{
    private readonly ConcurrentDictionary<string, (DateTimeOffset Changed, string Url)> _urls = new();

    /// <summary>An address that changes with the file's content, so that browsers can cache it permanently.</summary>
    public string this[string path]
    {
        get
        {
            var file = environment.WebRootFileProvider.GetFileInfo(path);
            if (!file.Exists)
                throw new FileNotFoundException($"Asset {path} not found. Check that it's listed in Host.csproj and that the project was built.", path);
            if (_urls.TryGetValue(path, out var known) && known.Changed == file.LastModified)
                return known.Url;
            using var content = file.CreateReadStream();
            var url = $"/assets/{path}?v={Convert.ToHexStringLower(SHA256.HashData(content))[..12]}";
            _urls[path] = (file.LastModified, url);
            return url;
        }
    }

    public static void Add(WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<Assets>();

        // Only for assets: compressing pages over TLS could reveal their content (BREACH).
        builder.Services.AddResponseCompression(o =>
        {
            o.EnableForHttps = true;
            o.MimeTypes = [.. ResponseCompressionDefaults.MimeTypes, "image/svg+xml"];
        });
    }

    public static void Use(WebApplication app) =>
        app.Map(
            "/assets",
            assets =>
            {
                assets.UseResponseCompression();
                assets.UseStaticFiles(
                    new StaticFileOptions
                    {
                        OnPrepareResponse = context =>
                            context.Context.Response.Headers.CacheControl = context.Context.Request.Query.ContainsKey("v")
                                ? "public, max-age=31536000, immutable"
                                : "public, no-cache",
                    }
                );
            }
        );
}
