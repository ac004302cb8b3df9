using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Access;
using Orchestration.Host.Http;
using Orchestration.Host.Identity;
using Orchestration.Host.Staff;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.OwnView;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Search;
using Orchestration.Workflows.Storage;
using Orchestration.Workflows.Tasks;
using CustomerAnswer = Microsoft.AspNetCore.Http.HttpResults.Results<
    Microsoft.AspNetCore.Http.HttpResults.Ok<Orchestration.Workflows.Customers.CustomerDetails>,
    Microsoft.AspNetCore.Http.HttpResults.ProblemHttpResult
>;

namespace Orchestration.Host.Customers;

/// <summary>The API of customers and of the search.</summary>
internal static class CustomerEndpoints
{
    public static void MapCustomers(this WebApplication app)
    {
        var api = app.MapGroup("/api/customers").WithTags("Customers");
        api.MapGet("", ListAsync)
            .WithSummary("Lists customers you can see, newest first; or finds them by names, numbers and identifiers")
            .WithDescription("With `q` the best come first, misspelt names too, and there is no next page.")
            .ProducesProblem(400);
        api.MapGet(
                "/{id:guid}",
                async Task<CustomerAnswer> (Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await CustomerQueries.FindAsync(runtime.Database, id, me, runtime.Clock.Now(), cancel) is { } found
                        ? TypedResults.Ok(found)
                        : Problems.NotFound("customer", id)
            )
            .WithSummary("Gets a customer; of a merged record, the one that is left")
            .ProducesProblem(404);
        api.MapGet(
                "/by-number/{number}",
                async Task<CustomerAnswer> (string number, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await CustomerQueries.OfNumberAsync(runtime.Database, number, me, runtime.Clock.Now(), cancel) is { } found
                        ? TypedResults.Ok(found)
                        : Problems.NotFound("customer", number)
            )
            .WithSummary("Gets a customer by their number or an identifier")
            .ProducesProblem(404);
        api.MapGet("/{id:guid}/cases", CasesAsync).WithSummary("Lists the cases of a customer that you can see, and where each is").ProducesProblem(404);
        api.MapGet("/{id:guid}/contacts", ContactsAsync).WithSummary("Lists contacts with a customer, newest first").ProducesProblem(400).ProducesProblem(404);
        api.MapPost("/{id:guid}/contacts", RecordAsync)
            .RequireAuthorization(Permissions.StartCases)
            .WithSummary("Records a contact with a customer; tasks that waited for them can go on")
            .ProducesProblem(404)
            .ProducesProblem(409)
            .ProducesProblem(422);
        api.MapPost(
                "/{id:guid}/contacts/{contact:guid}/answered",
                async Task<Results<NoContent, ProblemHttpResult>> (Guid id, Guid contact, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await CustomerQueries.FindAsync(runtime.Database, id, me, runtime.Clock.Now(), cancel) is { } customer
                    && await OpenMessages.AnsweredAsync(runtime, customer.Id, contact, me, cancel)
                        ? TypedResults.NoContent()
                        : Problems.NotFound("message", contact)
            )
            .RequireAuthorization(Permissions.StartCases)
            .WithSummary("Says that a message of a customer is answered, or needs no answer")
            .WithDescription("A contact with the customer about the same case, or a message to them, answers it too.")
            .ProducesProblem(404);

        var mark = api.MapGroup("").RequireAuthorization(Permissions.MarkSensitive);
        mark.MapPut(
                "/{id:guid}/sensitive",
                async Task<CustomerAnswer> (Guid id, SensitiveBody body, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await AnswerAsync(
                        await SensitiveCustomers.MarkAsync(runtime, id, body.Revision ?? 0, body.Kind, body.Reason ?? "", me, cancel),
                        runtime,
                        id,
                        me,
                        cancel
                    )
            )
            .WithSummary("Marks a customer as sensitive: nobody opens the record, its cases and documents without a reason, unless they work there")
            .ProducesProblem(403)
            .Changes();
        mark.MapDelete(
                "/{id:guid}/sensitive",
                async Task<CustomerAnswer> (Guid id, int? revision, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await AnswerAsync(await SensitiveCustomers.UnmarkAsync(runtime, id, revision ?? 0, me, cancel), runtime, id, me, cancel)
            )
            .WithSummary("Takes the mark of a sensitive customer away")
            .ProducesProblem(403)
            .ProducesProblem(404)
            .ProducesProblem(409);

        var keep = api.MapGroup("").RequireAuthorization(Permissions.KeepCustomers);
        keep.MapPost("", AddAsync).WithSummary("Adds a customer").ProducesProblem(422);
        keep.MapPut("/{id:guid}", ChangeAsync).WithSummary("Changes a customer").Changes();
        keep.MapGet(
                "/satisfaction",
                async (bool? unhappy, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    TypedResults.Ok(
                        new SatisfactionAnswer(
                            await ReadRatings.FiguresAsync(runtime.Database, me, runtime.Clock.Now(), cancel),
                            await ReadRatings.ListAsync(runtime.Database, unhappy == true, me, runtime.Clock.Now(), cancel)
                        )
                    )
            )
            .WithSummary($"Gets how content customers were in the last {ReadRatings.Weeks} weeks, with the newest {ReadRatings.Most} ratings")
            .WithDescription("With `unhappy=true`, the ratings are those of 1 to 3 of 5.");
        keep.MapPut("/by-number/{number}", PutAsync).WithSummary("Changes the customer with a number, or adds one").Changes();
        keep.MapPost(
                "/{id:guid}/merge",
                async Task<CustomerAnswer> (Guid id, MergeBody body, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    // The answer is the other record.
                    await SensitiveCustomers.GuardedAsync(runtime.Database, "customer", body.Into, null, me, runtime.Clock.Now(), cancel) is { } guarded
                        ? SensitiveGuard.ReasonRequired(guarded)
                        : await AnswerAsync(await MergeCustomers.RunAsync(runtime, id, body.Into, me, cancel), runtime, id, me, cancel)
            )
            .WithSummary("Merges a duplicate into another record, which then shows its cases and contacts")
            .Changes();
        keep.MapPost(
                "/{id:guid}/unmerge",
                async Task<CustomerAnswer> (Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                    await AnswerAsync(await MergeCustomers.UndoAsync(runtime, id, me, cancel), runtime, id, me, cancel)
            )
            .WithSummary("Takes a duplicate out of the record that it was merged into")
            .Changes();
        keep.MapPost("/import", ImportAsync)
            .WithSummary("Previews a CSV file of customers, or applies it; with an error in any line nothing is imported")
            .WithDescription(
                $"Columns: {string.Join(", ", ImportCustomers.Columns)}. A known number is changed, a new one added. `lines` of a 422 are all errors, with "
                    + "line, column and reason. Send `apply=true` and the `fingerprint` of a preview to apply it."
            )
            .TakesCsv();
        keep.MapGet("/import/sample", () => StaffAnswers.Sample(ImportCustomers.Sample, "customers.csv")).WithSummary("Downloads a sample file");
        app.MapGet("/api/search", SearchAsync)
            .WithTags("Search")
            .WithSummary("Finds customers, cases, tasks, files, comments, people and guidance that you can see")
            .WithDescription("Filters: `customer:`, `journey:`, `owner:` (or `owner:me`), `due:<2026-12-24`, `due:>2026-12-24`, `due:2026-12-24`.")
            .ProducesProblem(400);
    }

    private static async Task<Results<Ok<Page<CustomerSummary>>, ProblemHttpResult>> ListAsync(
        string? q,
        string? cursor,
        int? limit,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    )
    {
        var errors = new Dictionary<string, string[]>();
        Problems.CheckPage(cursor, limit ?? 50, errors, out var before);
        if (errors.Count > 0)
            return Problems.Invalid(errors, StatusCodes.Status400BadRequest);
        var now = runtime.Clock.Now();
        return TypedResults.Ok(
            string.IsNullOrWhiteSpace(q)
                ? await CustomerQueries.ListAsync(runtime.Database, before, limit ?? 50, me, now, cancel)
                : new Page<CustomerSummary>(await FindCustomers.FindAsync(runtime.Database, q, limit ?? 50, me, now, cancel), null)
        );
    }

    private static async Task<Results<Ok<SearchResults>, ProblemHttpResult>> SearchAsync(
        string? q,
        int? limit,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    )
    {
        if (limit is < 1 or > 50)
            return Problems.Invalid(new() { ["limit"] = ["must be from 1 to 50"] }, StatusCodes.Status400BadRequest);
        var query = SearchQuery.Parse(q);
        return query.Problems.Count > 0
            ? Problems.Invalid(new() { ["q"] = [.. query.Problems] }, StatusCodes.Status400BadRequest)
            : TypedResults.Ok(await SearchAll.RunAsync(runtime, query, limit ?? 10, me, runtime.Clock.Now(), cancel));
    }

    private static async Task<Results<Ok<IReadOnlyList<CustomerCase>>, ProblemHttpResult>> CasesAsync(
        Guid id,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    )
    {
        var now = runtime.Clock.Now();
        return await CustomerQueries.FindAsync(runtime.Database, id, me, now, cancel) is { } found
            ? TypedResults.Ok(await CustomerWork.CasesAsync(runtime, found.Id, me, now, cancel))
            : Problems.NotFound("customer", id);
    }

    private static async Task<Results<Ok<IReadOnlyList<Contact>>, ProblemHttpResult>> ContactsAsync(
        Guid id,
        DateTimeOffset? before,
        int? limit,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    )
    {
        if (limit is < 1 or > Cursor.MaxLimit)
            return Problems.Invalid(new() { ["limit"] = [$"must be from 1 to {Cursor.MaxLimit}"] }, StatusCodes.Status400BadRequest);
        var now = runtime.Clock.Now();
        if (await CustomerQueries.FindAsync(runtime.Database, id, me, now, cancel) is not { } found)
            return Problems.NotFound("customer", id);
        Instant? until = before is { } at ? Instant.FromDateTimeOffset(at) : null;
        return TypedResults.Ok(await RecordContact.ListAsync(runtime.Database, found.Id, until, limit ?? 50, me, now, cancel));
    }

    private static async Task<Results<Created<RecordedContact>, ProblemHttpResult>> RecordAsync(
        Guid id,
        ContactBody body,
        TaskRuntime tasks,
        Person me,
        CancellationToken cancel
    )
    {
        var errors = new Dictionary<string, string[]>();
        if (body.Read(errors) is not { } request)
            return Problems.Invalid(errors);
        return await RecordContact.RunAsync(tasks, id, request, me, cancel) switch
        {
            ContactResult.Done done => TypedResults.Created($"/api/customers/{id}/contacts", new RecordedContact(done.Id, done.NotResumed)),
            ContactResult.Invalid invalid => Problems.Invalid(new(invalid.Errors)),
            ContactResult.OperationReused => Problems.Of(
                409,
                "operation-reused",
                "The operation id is already in use",
                $"“{body.OperationId}” belongs to another request of yours. Use a new id."
            ),
            _ => Problems.NotFound("customer", id),
        };
    }

    private static async Task<Results<Created<CustomerDetails>, ProblemHttpResult>> AddAsync(
        AddCustomerBody body,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    )
    {
        var result = await SaveCustomer.AddAsync(runtime, (body.Record ?? new(null)).Data(body.Number), me, cancel);
        return result is CustomerResult.Done { Id: var id }
            ? TypedResults.Created($"/api/customers/{id}", await CustomerQueries.FindAsync(runtime.Database, id, me, runtime.Clock.Now(), cancel))
            : Refused(result, body.Number ?? "");
    }

    private static async Task<CustomerAnswer> ChangeAsync(Guid id, ChangeCustomerBody body, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
        await AnswerAsync(
            await SaveCustomer.ChangeAsync(runtime, id, body.Revision ?? 0, (body.Record ?? new(null)).Data(""), me, cancel),
            runtime,
            id,
            me,
            cancel
        );

    private static async Task<CustomerAnswer> PutAsync(string number, CustomerRecordBody body, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
        await AnswerAsync(await SaveCustomer.PutAsync(runtime, body.Data(number), me, cancel), runtime, number, me, cancel);

    private static async Task<Results<Ok<ImportAnswer>, ProblemHttpResult>> ImportAsync(
        bool? apply,
        string? fingerprint,
        HttpRequest request,
        WorkflowRuntime runtime,
        Person me,
        CancellationToken cancel
    ) =>
        StaffAnswers.Of(
            await StaffAnswers.TextAsync(request, cancel) is { } file
                ? await ImportCustomers.RunAsync(runtime, file, apply == true, fingerprint, me.UserName, cancel)
                : StaffAnswers.NotText
        );

    private static async Task<CustomerAnswer> AnswerAsync(CustomerResult result, WorkflowRuntime runtime, object asked, Person me, CancellationToken cancel) =>
        result is CustomerResult.Done { Id: var id } && await CustomerQueries.FindAsync(runtime.Database, id, me, runtime.Clock.Now(), cancel) is { } found
            ? TypedResults.Ok(found)
            : Refused(result, asked);

    private static ProblemHttpResult Refused(CustomerResult result, object asked) =>
        result switch
        {
            CustomerResult.Invalid invalid => Problems.Invalid(new(invalid.Errors)),
            CustomerResult.Stale stale => Problems.Of(
                409,
                "stale-revision",
                "The customer has changed",
                $"They are now at revision {stale.Revision}. Review it and try again.",
                ("revision", stale.Revision)
            ),
            CustomerResult.Refused refused => Problems.Of(409, "refused", "The customer can't be changed like this", refused.Reason),
            _ => Problems.NotFound("customer", asked),
        };
}
