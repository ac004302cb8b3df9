using Microsoft.AspNetCore.Http.HttpResults;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Identity;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Customers;

/// <summary>A customer as they are typed.</summary>
/// <param name="Id">The record; null: a new one.</param>
/// <param name="Revision">Revision that was seen.</param>
/// <param name="Fields">What was typed, by field of the API; lists have an entry a line.</param>
public sealed record CustomerForm(Guid? Id, int Revision, IReadOnlyDictionary<string, string> Fields)
{
    /// <summary>Fields, their labels, and what to type.</summary>
    public static readonly IReadOnlyList<(string Name, string Label, string Hint, int Rows)> All =
    [
        ("number", "Number", "", 1),
        ("name", "Name", "", 1),
        ("otherNames", "Other names", "One a line: names and spellings they are known by.", 2),
        ("phones", "Phone numbers", "One a line.", 2),
        ("emails", "Email addresses", "One a line.", 2),
        ("addresses", "Addresses", "An empty line between two.", 4),
        ("languages", "Languages", "Tags such as en or pt-BR, one a line, the preferred one first.", 2),
        ("bornOn", "Date of birth", "As 1968-04-12.", 1),
        ("identifiers", "Identifiers", "One a line, such as policy:P-4711.", 2),
        ("consents", "Consents", "One a line, such as marketing:2026-01-31; add :2026-05-01 for the day it was withdrawn.", 2),
        ("vulnerability", "Needs particular care because", "Only people who talk to customers, steer the work or review it see this.", 3),
    ];

    public IReadOnlyDictionary<string, string> Errors { get; init; } = new Dictionary<string, string>();
    public string? Problem { get; init; }
    public bool SeesVulnerability { get; init; }
    public string Address => Id is { } id ? $"/customers/{Ids.Text(id)}/edit" : "/customers/new";

    public string this[string field] => Fields.GetValueOrDefault(field, "");

    internal static CustomerForm Of(CustomerDetails customer) =>
        new(
            customer.Id,
            customer.Revision,
            new Dictionary<string, string>
            {
                ["number"] = customer.Data.Number,
                ["name"] = customer.Data.Name,
                ["otherNames"] = Lines(customer.Data.OtherNames),
                ["phones"] = Lines(customer.Data.Phones),
                ["emails"] = Lines(customer.Data.Emails),
                ["addresses"] = string.Join("\n\n", customer.Data.Addresses),
                ["languages"] = Lines(customer.Data.Languages),
                ["bornOn"] = $"{customer.Data.BornOn:yyyy-MM-dd}",
                ["identifiers"] = Lines(customer.Data.Identifiers),
                ["consents"] = Lines(customer.Data.Consents),
                ["vulnerability"] = customer.Data.Vulnerability ?? "",
            }
        );

    /// <summary>What was typed as data, with the errors of what isn't any.</summary>
    internal (CustomerData Data, Dictionary<string, string> Errors) Read()
    {
        var errors = new Dictionary<string, string>();
        var born = Consent.Day(this["bornOn"].Trim());
        if (born is null && this["bornOn"].Trim().Length > 0)
            errors["bornOn"] = "must be a date like 1968-04-12";
        return (
            new(this["number"], this["name"])
            {
                OtherNames = Lines("otherNames"),
                Phones = Lines("phones"),
                Emails = Lines("emails"),
                Addresses = this["addresses"].ReplaceLineEndings("\n").Split("\n\n"),
                Languages = Lines("languages"),
                BornOn = born,
                Identifiers = Parsed("identifiers", CustomerIdentifier.Parse),
                Consents = Parsed("consents", Consent.Parse),
                Vulnerability = this["vulnerability"],
            },
            errors
        );

        List<T> Parsed<T>(string field, Func<string, T?> parse)
            where T : class
        {
            var parsed = new List<T>();
            foreach (var line in Lines(field))
            {
                if (parse(line) is { } one)
                    parsed.Add(one);
                else
                    errors[field] = $"can't have “{line}”";
            }

            return parsed;
        }

        string[] Lines(string field) => this[field].Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
    }

    private static string Lines<T>(IEnumerable<T> values) => string.Join('\n', values);
}

/// <summary>Adding and changing a customer.</summary>
internal static class CustomerEditPages
{
    public static void Map(RouteGroupBuilder pages)
    {
        var keep = pages.MapGroup("").RequireAuthorization(Permissions.KeepCustomers);
        keep.MapGet("/customers/new", (Person me) => Page(new(null, 0, new Dictionary<string, string>()), me, StatusCodes.Status200OK));
        keep.MapGet(
            "/customers/{id:guid}/edit",
            async (Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                await CustomerQueries.FindAsync(runtime.Database, id, me, runtime.Clock.Now(), cancel) is { } customer
                    ? Page(CustomerForm.Of(customer), me, StatusCodes.Status200OK)
                    : Results.NotFound()
        );
        keep.MapPost(
            "/customers/new",
            (HttpContext http, WorkflowRuntime runtime, Person me, CancellationToken cancel) => SaveAsync(null, http, runtime, me, cancel)
        );
        keep.MapPost(
            "/customers/{id:guid}/edit",
            (Guid id, HttpContext http, WorkflowRuntime runtime, Person me, CancellationToken cancel) => SaveAsync(id, http, runtime, me, cancel)
        );
    }

    private static async Task<IResult> SaveAsync(Guid? id, HttpContext http, WorkflowRuntime runtime, Person me, CancellationToken cancel)
    {
        var posted = await http.Request.ReadFormAsync(cancel);
        _ = int.TryParse(posted["revision"], out var revision);
        var form = new CustomerForm(id, revision, CustomerForm.All.ToDictionary(f => f.Name, f => posted[f.Name].ToString()));
        var (data, errors) = form.Read();
        if (errors.Count > 0)
            return Page(form with { Errors = errors }, me, StatusCodes.Status422UnprocessableEntity);
        var result = id is { } known
            ? await SaveCustomer.ChangeAsync(runtime, known, revision, data, me, cancel)
            : await SaveCustomer.AddAsync(runtime, data, me, cancel);
        return result switch
        {
            CustomerResult.Done { Id: var saved } => Results.LocalRedirect($"/customers/{Ids.Text(saved)}?told=saved"),
            CustomerResult.Invalid invalid => Page(
                form with
                {
                    Errors = invalid.Errors.ToDictionary(e => e.Key, e => string.Join("; ", e.Value)),
                },
                me,
                StatusCodes.Status422UnprocessableEntity
            ),
            CustomerResult.Stale stale => Page(
                form with
                {
                    Problem = "Someone has changed this customer meanwhile. Save again to replace their changes with yours.",
                    Revision = stale.Revision,
                },
                me,
                StatusCodes.Status409Conflict
            ),
            CustomerResult.Refused refused => Page(form with { Problem = refused.Reason }, me, StatusCodes.Status409Conflict),
            _ => Results.NotFound(),
        };
    }

    private static RazorComponentResult<CustomerEditPage> Page(CustomerForm form, Person me, int status) =>
        Html.Page(new CustomerEditPage { Form = form with { SeesVulnerability = CustomerAccess.SeesVulnerability(me) } }, status);
}
