using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Identity;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Staff;

namespace Orchestration.Host.Security;

/// <summary>A person's own sign-in: second factor and sessions. And the sessions of others, for administrators.</summary>
internal static class SecurityPages
{
    private const string Path = "/security";

    public static void MapSecurity(this WebApplication app)
    {
        app.MapSecurityEndpoints();
        var mine = app.MapGroup(Path).ExcludeFromDescription();
        mine.MapGet(
            "",
            async (string? done, PersonIdentity who, IServiceProvider services, CancellationToken cancel) =>
                Html.Page(
                    await PageAsync(
                        services,
                        who,
                        done switch
                        {
                            "session" => "The session has ended",
                            "all" => "All other sessions have ended",
                            _ => null,
                        },
                        null,
                        cancel
                    )
                )
        );
        mine.MapPost(
            "/set-up",
            (PersonIdentity who, PendingSignIn pending, HttpContext context) =>
            {
                pending.Set(context, who.Person.Id, who.Person.SecurityStamp, Path);
                return Results.LocalRedirect(SecondFactorPages.SetUp);
            }
        );
        mine.MapPost("/codes", RenewAsync);
        mine.MapPost(
            "/sessions/{session:guid}/end",
            async (Guid session, PersonIdentity who, WorkflowRuntime runtime, CancellationToken cancel) =>
                await PersonSessions.EndAsync(runtime, who.Person.Id, session, who.Person.UserName, cancel)
                    ? Results.LocalRedirect($"{Path}?done=session")
                    : Results.NotFound()
        );
        mine.MapPost(
            "/sessions/end",
            async (PersonIdentity who, WorkflowRuntime runtime, CancellationToken cancel) =>
            {
                foreach (var session in await PersonSessions.ListAsync(runtime.Database, who.Person.Id, runtime.Clock.Now(), cancel))
                {
                    if (session.Id != who.Session)
                        await PersonSessions.EndAsync(runtime, who.Person.Id, session.Id, who.Person.UserName, cancel);
                }

                return Results.LocalRedirect($"{Path}?done=all");
            }
        );

        var theirs = app.MapGroup("/administration/people/{id:guid}").RequireAuthorization(Permissions.ManagePeople).ExcludeFromDescription();
        theirs.MapGet("/sessions", PanelAsync);
        theirs.MapPost(
            "/sessions/{session:guid}/end",
            async (Guid id, Guid session, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
            {
                await PersonSessions.EndAsync(runtime, id, session, me.UserName, cancel);
                return await PanelAsync(id, runtime, cancel);
            }
        );
        theirs.MapPost(
            "/sessions/end",
            async (Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                await PersonSessions.EndAllAsync(runtime, id, me.UserName, cancel) ? await PanelAsync(id, runtime, cancel) : Results.NotFound()
        );
    }

    private static async Task<IResult> RenewAsync(
        IFormCollection form,
        PersonIdentity who,
        SecondFactors factors,
        WorkflowRuntime runtime,
        IServiceProvider services,
        HttpContext context
    )
    {
        if (await factors.RenewCodesAsync(who.Person, form["code"].ToString(), runtime.Clock.Now(), context.RequestAborted) is not { } codes)
            return Html.Page(
                await PageAsync(
                    services,
                    who,
                    null,
                    "The code isn't right, or was used already. Wait for the next one that your app shows.",
                    context.RequestAborted
                ),
                StatusCodes.Status422UnprocessableEntity
            );
        return Html.Page(new RecoveryCodesPage { Codes = codes, To = Path });
    }

    private static async Task<IResult> PanelAsync(Guid id, WorkflowRuntime runtime, CancellationToken cancel)
    {
        var now = runtime.Clock.Now();
        return await PersonDetails.FindAsync(runtime.Database, id, now, cancel) is null
            ? Results.NotFound()
            : Html.Page(new SessionsPanel { Person = id, Sessions = await PersonSessions.ListAsync(runtime.Database, id, now, cancel) });
    }

    private static async Task<SecurityPage> PageAsync(IServiceProvider services, PersonIdentity who, string? done, string? refused, CancellationToken cancel)
    {
        var runtime = services.GetRequiredService<WorkflowRuntime>();
        var factors = services.GetRequiredService<SecondFactors>();
        return new()
        {
            Factor = await factors.FindAsync(who.Person.Id, cancel),
            IsRequired = factors.IsRequiredFor(who.Person.Roles),
            Sessions = await PersonSessions.ListAsync(runtime.Database, who.Person.Id, runtime.Clock.Now(), cancel),
            Current = who.Session,
            Done = done,
            Refused = refused,
        };
    }
}
