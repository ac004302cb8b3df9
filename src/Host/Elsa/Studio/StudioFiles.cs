using System.Collections.Frozen;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Net.Http.Headers;

namespace Orchestration.Host.Elsa.Studio;

/// <summary>
/// The files of Elsa Studio as the npm package has them: never rewritten, because the boot script checks the hash of each. The list is
/// read once at start, so a request can name nothing outside of it.
/// </summary>
internal sealed partial class StudioFiles
{
    private const string Package = "node_modules/@elsa-workflows/elsa-studio-wasm";

    private readonly FrozenDictionary<string, StudioFile> _files;

    public StudioFiles(IHostEnvironment environment)
    {
        // If a host is started by its published dll from another directory, the package is next to the dll.
        var root =
            new[] { environment.ContentRootPath, AppContext.BaseDirectory }.Select(d => Path.Combine(d, Package)).FirstOrDefault(Directory.Exists)
            ?? throw new InvalidOperationException($"Elsa Studio is missing: run `npm ci` in {environment.ContentRootPath}.");
        var version = (string)JsonNode.Parse(File.ReadAllText(Path.Combine(root, "package.json")))!["version"]!;
        var types = new FileExtensionContentTypeProvider { Mappings = { [".dat"] = "application/octet-stream" } };
        var paths = Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).ToHashSet();
        _files = paths
            .Where(p => Path.GetExtension(p) is not (".br" or ".gz" or ".map" or ".html") && types.TryGetContentType(p, out _))
            .Select(p => new StudioFile(
                Path.GetRelativePath(root, p).Replace('\\', '/'),
                p,
                paths.Contains(p + ".br") ? p + ".br" : null,
                types.Mappings[Path.GetExtension(p)],
                version
            ))
            .ToFrozenDictionary(f => f.Name);
    }

    public StudioFile? Find(string name) => _files.GetValueOrDefault(name);

    /// <summary>Answers with the file, brotli-compressed where the browser takes it.</summary>
    public static Task SendAsync(HttpContext context, StudioFile file)
    {
        var (request, response) = (context.Request, context.Response);
        var brotli = file.Brotli is not null && request.GetTypedHeaders().AcceptEncoding.Any(e => e.Value == "br" && e.Quality is not 0);

        // The lock file pins the bytes of a version, so the version is the validator of each of its files.
        var tag = new EntityTagHeaderValue($"\"{file.Version}{(brotli ? "-br" : "")}\"");
        response.Headers.ETag = tag.ToString();
        response.Headers.Vary = HeaderNames.AcceptEncoding;
        response.Headers.CacheControl = Fingerprint().IsMatch(file.Name) ? "public, max-age=31536000, immutable" : "no-cache";
        response.Headers.XContentTypeOptions = "nosniff";
        if (request.GetTypedHeaders().IfNoneMatch.Any(t => t.Compare(tag, useStrongComparison: false)))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        var info = new FileInfo(brotli ? file.Brotli! : file.Path);
        response.ContentType = file.ContentType;
        response.ContentLength = info.Length;
        if (brotli)
            response.Headers.ContentEncoding = "br";
        return HttpMethods.IsHead(request.Method) ? Task.CompletedTask : response.SendFileAsync(info.FullName, context.RequestAborted);
    }

    [GeneratedRegex(@"\.[a-z0-9]{10}\.(wasm|js|dat|(bundle\.)?scp\.css)$")]
    private static partial Regex Fingerprint();
}

/// <summary>One file of the package.</summary>
/// <param name="Name">As in the URL below <c>/studio/</c>.</param>
/// <param name="Path">On disk.</param>
/// <param name="Brotli">Its compressed twin on disk, or null.</param>
/// <param name="ContentType">Of the file itself, not of the twin.</param>
/// <param name="Version">Of the package.</param>
internal sealed record StudioFile(string Name, string Path, string? Brotli, string ContentType, string Version);
