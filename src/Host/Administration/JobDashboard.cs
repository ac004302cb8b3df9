using Hangfire;
using Hangfire.Dashboard;
using Orchestration.Host.Identity;
using Orchestration.Workflows.People;

namespace Orchestration.Host.Administration;

/// <summary>Hangfire's dashboard: every job, its runs and failures. Administrators act on them; supervisors may look.</summary>
internal static class JobDashboard
{
    public const string Path = "/jobs";

    /// <summary>Its forms carry our token: <see cref="Forgery"/> and the dashboard itself check it.</summary>
    public static void MapJobDashboard(this WebApplication app) =>
        app.MapHangfireDashboardWithAuthorizationPolicy(
                Permissions.SteerTeams,
                Path,
                new DashboardOptions
                {
                    AppPath = "/administration/jobs",
                    DashboardTitle = "Jobs",
                    DisplayStorageConnectionString = false,
                    IsReadOnlyFunc = context => !PersonIdentity.Of(context.GetHttpContext().User).Person.May(Permissions.OperateJobs),
                    StatsPollingInterval = 5000,
                }
            )
            .ExcludeFromDescription();
}
