using System.Buffers.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Orchestration.Engine.Runtime;
using Orchestration.Host.Identity;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Staff;

namespace Orchestration.Host.Staff;

/// <summary>What a page imports.</summary>
public enum ImportKind
{
    People,
    Teams,
    Customers,
}

/// <summary>The data of a page that imports a file.</summary>
/// <param name="Kind">What is imported.</param>
/// <param name="LinksAreMailed">Whether new people can be mailed a link to choose a password.</param>
public sealed record ImportView(ImportKind Kind, bool LinksAreMailed)
{
    /// <summary>What the file does; null before one was chosen.</summary>
    public ImportResult? Result { get; init; }

    /// <summary>The file, in Base64, for the next step.</summary>
    public string File { get; init; } = "";

    /// <summary>Why there is no result.</summary>
    public string? Refused { get; init; }

    public string Path =>
        Kind switch
        {
            ImportKind.Teams => "/administration/import-teams",
            ImportKind.Customers => "/customers/import",
            _ => "/administration/import-people",
        };
    public string List =>
        Kind switch
        {
            ImportKind.Teams => "/administration/teams",
            ImportKind.Customers => "/customers",
            _ => "/administration/people",
        };
    public IReadOnlyList<string> Columns =>
        Kind switch
        {
            ImportKind.Teams => ImportTeams.Columns,
            ImportKind.Customers => ImportCustomers.Columns,
            _ => ImportPeople.Columns,
        };
    public string Sample => $"/api/{Many}/import/sample";
    public string One =>
        Kind switch
        {
            ImportKind.Teams => "team",
            ImportKind.Customers => "customer",
            _ => "person",
        };
    public string Many => Kind.ToString().ToLowerInvariant();
}

/// <summary>Imports in two steps: choose a file and look at what it does, then apply exactly that.</summary>
internal static class ImportPages
{
    public static void MapImports(this WebApplication app)
    {
        foreach (var kind in Enum.GetValues<ImportKind>())
        {
            var page = app.MapGroup(new ImportView(kind, false).Path)
                .RequireAuthorization(kind == ImportKind.Customers ? Permissions.KeepCustomers : Permissions.ManagePeople)
                .ExcludeFromDescription();
            page.MapGet("", (PasswordLinks links) => Html.Page(new ImportPage { View = new(kind, links.AreMailed) }));

            // The file comes back in Base64 when it is applied.
            page.MapPost(
                    "",
                    (HttpRequest request, WorkflowRuntime runtime, PasswordLinks links, Person me, CancellationToken cancel) =>
                        RunAsync(kind, request, runtime, links, me, cancel)
                )
                .WithMetadata(new RequestSizeLimitAttribute(2 * StaffAnswers.MaxBytes));
        }
    }

    /// <summary>What an import did, from the address of the list it led to.</summary>
    public static string? Done(IQueryCollection query) =>
        int.TryParse(query["added"], out var added) && int.TryParse(query["changed"], out var changed) ? $"Imported: {added} added, {changed} changed." : null;

    private static async Task<IResult> RunAsync(
        ImportKind kind,
        HttpRequest request,
        WorkflowRuntime runtime,
        PasswordLinks links,
        Person me,
        CancellationToken cancel
    )
    {
        var view = new ImportView(kind, links.AreMailed);
        var form = await request.ReadFormAsync(cancel);
        var apply = form["fingerprint"].ToString() is { Length: > 0 } print ? print : null;
        var bytes = apply is null ? await UploadedAsync(form, cancel) : Decoded(form["content"].ToString());
        if (bytes is null or { Length: > StaffAnswers.MaxBytes })
            return Page(view with { Refused = bytes is null ? "Choose a file." : "The file is larger than 1 MB. Split it." }, 422);
        if (StaffAnswers.Text(bytes) is not { } file)
            return Page(view with { Result = StaffAnswers.NotText }, 422);

        var result = kind switch
        {
            ImportKind.Teams => await ImportTeams.RunAsync(runtime, file, apply is not null, apply, me.UserName, cancel),
            ImportKind.Customers => await ImportCustomers.RunAsync(runtime, file, apply is not null, apply, me.UserName, cancel),
            _ => await ImportPeople.RunAsync(
                runtime,
                file,
                apply is not null,
                apply,
                form["mailLinks"] == "true" ? links : null,
                me.UserName,
                request.HttpContext.RequestServices.GetRequiredService<DutySettings>(),
                cancel
            ),
        };
        if (result is ImportResult.Applied { Rows: var rows })
        {
            var (added, changed) = (rows.Count(r => r.Effect == ImportEffect.Adds), rows.Count(r => r.Effect == ImportEffect.Changes));
            return Results.LocalRedirect($"{view.List}?added={added}&changed={changed}");
        }

        return Page(
            view with
            {
                Result = result,
                File = Convert.ToBase64String(bytes),
            },
            result switch
            {
                ImportResult.Wrong => 422,
                ImportResult.Outdated => 409,
                _ => 200,
            }
        );
    }

    private static RazorComponentResult<ImportPage> Page(ImportView view, int status) => Html.Page(new ImportPage { View = view }, status);

    private static async Task<byte[]?> UploadedAsync(IFormCollection form, CancellationToken cancel)
    {
        if (form.Files.GetFile("file") is not { Length: > 0 } uploaded)
            return null;
        using var buffer = new MemoryStream();
        await uploaded.CopyToAsync(buffer, cancel);
        return buffer.ToArray();
    }

    private static byte[]? Decoded(string content)
    {
        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(content.Length)];
        return Convert.TryFromBase64String(content, bytes, out var count) ? bytes[..count] : null;
    }
}
