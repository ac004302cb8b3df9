using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Host.Shell.Parts;
using Orchestration.Host.Startup;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Forms;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Search;

namespace Orchestration.Host.Cases;

internal static class StartPages
{
    // Names that no input of a journey can have.
    public const string ReferenceField = ":reference";
    public const string CustomerIdField = ":customer-id";
    public const string CustomerNameField = ":customer-name";
    public const string OperationField = ":operation";

    private const int CustomersShown = 8;

    public static void Map(WebApplication app)
    {
        var pages = app.MapGroup("/start").RequireAuthorization(Policies.Start).ExcludeFromDescription();
        pages.MapGet(
            "",
            async (bool? test, Guid? customer, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                Html.Page(
                    new StartChoicePage
                    {
                        Journeys = await JourneyQueries.ListAsync(runtime.Definitions, cancel),
                        IsTest = IsTest(test, me),
                        Customer = customer,
                    }
                )
        );
        pages.MapGet(
            "/customers",
            async (HttpContext http, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                Html.Page(
                    new CustomerChoices
                    {
                        Customers = await FindCustomers.FindAsync(
                            runtime.Database,
                            http.Request.Query[CustomerNameField].ToString(),
                            CustomersShown,
                            me,
                            runtime.Clock.Now(),
                            cancel
                        ),
                    }
                )
        );
        pages.MapGet(
            "/{journey}",
            async (string journey, bool? test, Guid? customer, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                await FormAsync(runtime, journey, IsTest(test, me), me, cancel) is { } form
                    ? Page(await OfCustomerAsync(runtime, form with { Reference = await NewReferenceAsync(runtime, form, cancel) }, customer, me, cancel))
                    : Results.NotFound()
        );
        pages.MapPost("/{journey}", StartAsync);
    }

    /// <summary>Why someone who may start others can't start this one.</summary>
    public static string Refused(bool isTest) => isTest ? "Only analysts and administrators start test cases." : "Analysts start test cases only.";

    /// <summary>Analysts who don't talk to customers start nothing else.</summary>
    private static bool IsTest(bool? test, Person me) => me.May(Permissions.StartTests) && (test == true || !me.May(Permissions.StartCases));

    /// <summary>The form with the customer it was opened for, if the person can see them.</summary>
    private static async Task<StartForm> OfCustomerAsync(WorkflowRuntime runtime, StartForm form, Guid? customer, Person me, CancellationToken cancel) =>
        !form.IsTest && customer is { } id && await CustomerQueries.FindAsync(runtime.Database, id, me, runtime.Clock.Now(), cancel) is { } known
            ? form with
            {
                CustomerId = known.Data.Number,
                CustomerName = known.Data.Name,
            }
            : form;

    private static async Task<string> NewReferenceAsync(WorkflowRuntime runtime, StartForm form, CancellationToken cancel) =>
        await runtime.Definitions.FindPublishedAsync(form.Journey.Id, cancel) is { } journey
            ? await CaseReferences.NextAsync(runtime, journey, form.IsTest, cancel)
            : "";

    private static async Task<IResult> StartAsync(string journey, bool? test, HttpContext http, WorkflowRuntime runtime, Person me, CancellationToken cancel)
    {
        var posted = await http.Request.ReadFormAsync(cancel);
        if (await FormAsync(runtime, journey, IsTest(test, me), me, cancel) is not { } form)
            return Results.NotFound();
        var input =
            form.Schema?.ReadPost(posted.SelectMany(field => field.Value, (field, value) => KeyValuePair.Create(field.Key, value ?? "")))
            ?? JsonSerializer.SerializeToElement(new JsonObject());
        form = form with
        {
            Reference = posted[ReferenceField].ToString().Trim(),
            CustomerId = posted[CustomerIdField].ToString().Trim(),
            CustomerName = posted[CustomerNameField].ToString().Trim(),
            Operation = posted[OperationField].ToString() is { Length: > 0 and <= 200 } operation ? operation : form.Operation,
            Input = input,
        };
        var errors = new List<FormError>();
        Require(CustomerNameField, form.CustomerName, 200);
        Require(CustomerIdField, form.CustomerId, 100);
        if (form.Reference.Length > 0)
            Require(ReferenceField, form.Reference, 100);
        errors.AddRange(form.Schema?.Validate(input) ?? []);
        if (errors.Count > 0)
            return Page(form with { Errors = errors }, StatusCodes.Status422UnprocessableEntity);

        var request = new CaseRequest(
            journey,
            form.Reference.Length == 0 ? null : form.Reference,
            form.CustomerId,
            form.CustomerName,
            JsonSerializer.Deserialize<JsonObject>(input)!,
            form.Operation
        )
        {
            IsTest = form.IsTest,
        };
        return await StartCase.RunAsync(runtime, request, me, cancel) switch
        {
            StartCaseResult.Started started => Results.LocalRedirect($"/cases/{Ids.Text(started.CaseId)}"),
            StartCaseResult.UnknownJourney => Results.NotFound(),
            StartCaseResult.InvalidInput invalid => Page(
                form with
                {
                    Errors = [.. invalid.Errors.Select(e => new FormError($"/{e.Name}", e.Reason))],
                },
                StatusCodes.Status422UnprocessableEntity
            ),
            StartCaseResult.ReferenceTaken => Page(
                form with
                {
                    Errors = [new(ReferenceField, "is already used by another case")],
                },
                StatusCodes.Status409Conflict
            ),
            StartCaseResult.AlreadyRunning => Page(
                form with
                {
                    Problem = "A case like this is already running. The journey allows only one.",
                },
                StatusCodes.Status409Conflict
            ),
            _ => Page(
                form with
                {
                    Problem = "This form was already submitted with different data. Check the case list before starting another case.",
                    Operation = NewOperation(runtime),
                },
                StatusCodes.Status409Conflict
            ),
        };

        void Require(string field, string value, int most)
        {
            if (value.Length == 0)
                errors.Add(new(field, "is required"));
            else if (value.Length > most)
                errors.Add(new(field, $"must have at most {most} characters"));
        }
    }

    private static async Task<StartForm?> FormAsync(WorkflowRuntime runtime, string id, bool isTest, Person me, CancellationToken cancel) =>
        (await JourneyQueries.ListAsync(runtime.Definitions, cancel)).FirstOrDefault(j => j.Id == id) is { } journey
            ? new(journey, FormSchema.TryParse(journey.InputSchema.ToJsonString(), out var schema, out _) ? schema : null)
            {
                Operation = NewOperation(runtime),
                IsTest = isTest,
                CustomerName = isTest ? $"Test of {me.DisplayName}" : "",
                CustomerId = isTest ? "TEST" : "",
            }
            : null;

    private static string NewOperation(WorkflowRuntime runtime) => Ids.Text(Ids.New(runtime.Clock.Now()));

    private static RazorComponentResult<StartPage> Page(StartForm form, int status = StatusCodes.Status200OK) =>
        Html.Page(new StartPage { Form = form }, status);
}
