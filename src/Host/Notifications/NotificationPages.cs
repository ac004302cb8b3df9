using Microsoft.AspNetCore.Http.HttpResults;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Host.Shell;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Notifications;

internal static class NotificationPages
{
    private const int Newest = 100;

    public static void MapNotifications(this WebApplication app)
    {
        var pages = app.MapGroup("/notifications").ExcludeFromDescription();
        pages.MapGet(
            "",
            async (bool? unread, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                Html.Page(
                    new NotificationsPage
                    {
                        Notifications = await NotificationQueries.ListAsync(runtime.Database, unread == true, Newest, me, cancel),
                        UnreadOnly = unread == true,
                    }
                )
        );
        pages.MapGet(
            "/bell",
            async (WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                Html.Page(new Bell { Unread = await NotificationQueries.UnreadAsync(runtime.Database, me, cancel) })
        );
        pages.MapPost(
            "/{id:guid}",
            async (Guid id, WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
                await NotificationQueries.ReadAsync(runtime, id, me, cancel) switch
                {
                    null => Results.NotFound(),
                    (Guid task, _, _) => Results.LocalRedirect($"/tasks/{Ids.Text(task)}"),
                    (_, Guid found, _) => Results.LocalRedirect($"/cases/{Ids.Text(found)}"),
                    var (_, _, path) => Results.LocalRedirect(path ?? "/notifications"),
                }
        );
        pages.MapPost(
            "/read",
            async (WorkflowRuntime runtime, Person me, CancellationToken cancel) =>
            {
                await NotificationQueries.ReadAllAsync(runtime, me, cancel);
                return Results.LocalRedirect("/notifications");
            }
        );
    }
}
