using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Host.Http;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Notifications;

/// <summary>A person's e-mail preferences and quiet hours.</summary>
/// <param name="EmailKinds">Kinds that also come by e-mail.</param>
/// <param name="QuietFrom">Start of the quiet hours, like 19:00; null for none.</param>
/// <param name="QuietTo">Their end, like 07:30.</param>
/// <param name="TimeZone">Zone of the quiet hours, like Europe/London.</param>
/// <param name="Revision">Revision you last saw; 0 for a first choice.</param>
public sealed record PreferencesBody(IReadOnlyList<string>? EmailKinds, string? QuietFrom, string? QuietTo, string? TimeZone, int Revision = 0);

internal static class PreferenceEndpoints
{
    private const string MyPage = "/notifications/preferences",
        EverybodysPage = "/administration/notifications";

    public static void MapNotificationPreferences(this WebApplication app)
    {
        Map(app.MapGroup("/api/me/notification-preferences").WithTags("Notifications"), me => me.Id, "your notification preferences");
        Map(
            app.MapGroup("/api/notification-preferences").WithTags("Notifications").RequireAuthorization(Permissions.ManageSettings),
            _ => null,
            "the default notification preferences"
        );
        Page(app.MapGroup(MyPage).ExcludeFromDescription(), me => me.Id, MyPage);
        Page(app.MapGroup(EverybodysPage).RequireAuthorization(Permissions.ManageSettings).ExcludeFromDescription(), _ => null, EverybodysPage);
    }

    private static void Map(RouteGroupBuilder group, Func<Person, Guid?> whose, string what)
    {
        group
            .MapGet(
                "",
                async (WorkflowRuntime runtime, Person me, CancellationToken cancel) => TypedResults.Ok(Body(await ReadAsync(runtime, whose(me), cancel)))
            )
            .WithSummary($"Reads {what}");
        group
            .MapPut(
                "",
                async Task<Results<Ok<PreferencesBody>, ProblemHttpResult>> (
                    PreferencesBody body,
                    WorkflowRuntime runtime,
                    Person me,
                    CancellationToken cancel
                ) =>
                {
                    var errors = NotificationPreferences.Check(body.EmailKinds, body.QuietFrom, body.QuietTo, body.TimeZone, out var chosen);
                    if (errors.Count > 0)
                        return Problems.Invalid(errors);
                    return await NotificationPreferences.SaveAsync(runtime, whose(me), chosen with { Revision = body.Revision }, me, cancel) is { } revision
                        ? TypedResults.Ok(Body(chosen with { Revision = revision }))
                        : Problems.Of(
                            409,
                            "stale-revision",
                            "The preferences have changed",
                            null,
                            ("current", Body(await ReadAsync(runtime, whose(me), cancel)))
                        );
                }
            )
            .WithSummary($"Changes {what}")
            .ProducesProblem(409)
            .ProducesProblem(422);
    }

    private static void Page(RouteGroupBuilder group, Func<Person, Guid?> whose, string path)
    {
        group.MapGet(
            "",
            async (bool? saved, WorkflowRuntime runtime, MailSettings mail, Person me, CancellationToken cancel) =>
                Show(Body(await ReadAsync(runtime, whose(me), cancel)), new Dictionary<string, string[]>(), path, mail, me, whose(me), saved == true)
        );
        group.MapPost(
            "",
            async (IFormCollection form, WorkflowRuntime runtime, MailSettings mail, Person me, CancellationToken cancel) =>
            {
                var typed = new PreferencesBody(
                    form["kind"].OfType<string>().ToList(),
                    form["quietFrom"],
                    form["quietTo"],
                    form["timeZone"],
                    int.TryParse(form["revision"], NumberStyles.None, CultureInfo.InvariantCulture, out var revision) ? revision : 0
                );
                var errors = NotificationPreferences.Check(typed.EmailKinds, typed.QuietFrom, typed.QuietTo, typed.TimeZone, out var chosen);
                if (
                    errors.Count == 0
                    && await NotificationPreferences.SaveAsync(runtime, whose(me), chosen with { Revision = typed.Revision }, me, cancel) is null
                )
                    errors["form"] = ["The preferences have changed since you opened this page. Review them and save again."];
                return errors.Count == 0
                    ? Results.LocalRedirect(path + "?saved=true")
                    : Show(typed with { Revision = (await ReadAsync(runtime, whose(me), cancel)).Revision }, errors, path, mail, me, whose(me), saved: false);
            }
        );
    }

    private static RazorComponentResult<PreferencesPage> Show(
        PreferencesBody preferences,
        Dictionary<string, string[]> errors,
        string path,
        MailSettings mail,
        Person me,
        Guid? whose,
        bool saved
    ) =>
        Html.Page(
            new PreferencesPage
            {
                Preferences = preferences,
                Errors = errors,
                Path = path,
                CanMail = mail.IsConfigured,
                Address = me.Email,
                IsMine = whose is not null,
                Saved = saved,
            },
            errors.Count > 0 ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status200OK
        );

    private static Task<NotificationPreferences> ReadAsync(WorkflowRuntime runtime, Guid? whose, CancellationToken cancel) =>
        whose is { } person
            ? NotificationPreferences.OfAsync(runtime.Database, person, cancel)
            : NotificationPreferences.DefaultsAsync(runtime.Database, cancel);

    private static PreferencesBody Body(NotificationPreferences p) => new(p.EmailKinds, Text(p.QuietFrom), Text(p.QuietTo), p.TimeZone, p.Revision);

    private static string? Text(LocalTime? time) => time?.ToString("HH:mm", CultureInfo.InvariantCulture);
}
