using Microsoft.Extensions.DependencyInjection;
using Orchestration.Engine.Compilation;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Access;
using Orchestration.Workflows.Audit;
using Orchestration.Workflows.Cases;
using Orchestration.Workflows.Distribution;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.Facts;
using Orchestration.Workflows.Forecast;
using Orchestration.Workflows.Guidance;
using Orchestration.Workflows.HumanStep;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.OwnView;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Performance;
using Orchestration.Workflows.ProcessMining;
using Orchestration.Workflows.PromiseLedger;
using Orchestration.Workflows.Retention;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Staff;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Webhooks;
using Orchestration.Workflows.Workforce;

namespace Orchestration.Workflows;

/// <summary>Adds the engine and the workflows to a host.</summary>
public static class Setup
{
    /// <summary>Adds both. The host provides the data source, the clock and <see cref="Changes"/>.</summary>
    /// <param name="services">The host's.</param>
    /// <param name="mail">The mail server. Default: none, and no mail is sent.</param>
    /// <param name="csharp">Whether definitions can use C#, which isn't sandboxed. Default: no.</param>
    /// <param name="allowPrivateAddresses">Whether requests of workflows can reach loopback and private addresses. Default: no.</param>
    /// <param name="fanOut">How much one step can set off at once.</param>
    public static IServiceCollection AddWorkflows(
        this IServiceCollection services,
        MailSettings? mail = null,
        bool csharp = false,
        bool allowPrivateAddresses = false,
        FanOutLimits? fanOut = null
    ) =>
        services
            .AddSingleton<SettingDocuments>()
            .AddSingleton<FormCatalog>()
            .AddSingleton<ServiceLevelCatalog>()
            .AddSingleton<PeopleCatalog>()
            .AddSingleton<StepNames>()
            .AddSingleton(s =>
            {
                var humanTask = HumanTask.CreateType(
                    s.GetRequiredService<ServiceLevelCatalog>(),
                    s.GetRequiredService<FormCatalog>(),
                    s.GetRequiredService<StepNames>()
                );
                var registry = FactSchema.AddTo(ActivityRegistry.WithBuiltIns().Add(humanTask));
                ReferenceRule.AddTo(registry);
                CustomerStages.AddTo(registry);
                return csharp ? registry.AddCSharp() : registry;
            })
            .AddSingleton(s =>
            {
                var catalog = s.GetRequiredService<ServiceLevelCatalog>();
                var writes = new BurstWrites { Observer = new CaseClocks(catalog) };
                OpenTasks.Register(writes, s.GetRequiredService<DefinitionStore>(), catalog, s.GetRequiredService<PeopleCatalog>());
                return writes;
            })
            .AddSingleton(s => new DefinitionStore(
                s.GetRequiredService<Npgsql.NpgsqlDataSource>(),
                s.GetRequiredService<ActivityRegistry>(),
                s.GetRequiredService<Changes>()
            )
            {
                CollectResources = workflow => HumanTask.SharedForms(workflow, s.GetRequiredService<FormCatalog>()),
                CheckNames = s.GetRequiredService<StepNames>().CheckAsync,
            })
            .AddSingleton(s =>
            {
                var runtime = ActivatorUtilities.CreateInstance<WorkflowRuntime>(s);
                runtime.HistoryWriting = (histories, batch) =>
                {
                    WebhookEvents.Write(histories, batch);
                    TellWriter.Write(histories, batch);
                };
                runtime.Altering = AlterCase.ToldAsync;
                runtime.FanOut = fanOut ?? new();
                return runtime;
            })
            .AddSingleton<Timers>()
            .AddSingleton(_ => new HttpEffects(allowPrivateAddresses))
            .AddSingleton(s =>
            {
                var effects = ActivatorUtilities.CreateInstance<Effects>(s);
                effects.Register("http", s.GetRequiredService<HttpEffects>().SendAsync);
                effects.Register("email", s.GetRequiredService<SendMail>().DoAsync, Effects.PatientTries);
                effects.Register(PasswordLinks.MailKind, s.GetRequiredService<MailPasswordLink>().DoAsync, Effects.PatientTries);
                effects.Register(MailOwnViewLink.Kind, s.GetRequiredService<MailOwnViewLink>().DoAsync, Effects.PatientTries);
                effects.Register(SendWebhook.Kind, s.GetRequiredService<SendWebhook>().DoAsync, Effects.PatientTries);
                return effects;
            })
            .AddSingleton<HttpReplies>()
            .AddSingleton(mail ?? new())
            .AddSingleton<SendMail>()
            .AddSingleton<SecondFactors>()
            .AddSingleton<PasswordLinks>()
            .AddSingleton<MailPasswordLink>()
            .AddSingleton<MailOwnViewLink>()
            .AddSingleton<OwnViewSettings>(_ => new())
            .AddSingleton<EndOfCase>()
            .AddSingleton<ReturnWork>()
            .AddSingleton<WebhookSecrets>()
            .AddSingleton<SendWebhook>()
            .AddSingleton<ManageWebhooks>()
            .AddSingleton<Escalate>()
            .AddSingleton(s => new TaskRuntime(
                s.GetRequiredService<WorkflowRuntime>(),
                (transaction, clocks, move, cancel) =>
                    TaskClocks.MoveAsync(
                        s.GetRequiredService<WorkflowRuntime>(),
                        s.GetRequiredService<ServiceLevelCatalog>(),
                        transaction,
                        clocks,
                        move,
                        cancel
                    ),
                (transaction, promises) => Promises.Reached(s.GetRequiredService<ServiceLevelCatalog>(), transaction, promises)
            ))
            .AddSingleton<ClockRuntime>()
            .AddSingleton<ResumeSuspended>()
            .AddSingleton<Substitutions>()
            .AddDistribution()
            .AddSingleton<Presence>()
            .AddSingleton<PlanShifts>()
            .AddSingleton<ForecastOffice>()
            .AddSingleton<ApplyFix>()
            .AddSingleton<PromiseSettings>(_ => new())
            .AddSingleton<MakePromise>()
            .AddSingleton<KeepFigures>()
            .AddSingleton<KeepRetention>()
            .AddSingleton<PolicyProposals>()
            .AddSingleton<Erasures>()
            .AddSingleton<WriteLogs>()
            .AddSingleton<LogSchedules>()
            .AddSingleton<WeeklyDigest>()
            .AddSingleton<AccessLog>()
            .AddHostedService(s => s.GetRequiredService<AccessLog>())
            .AddSingleton<RunSearches>()
            .AddSingleton<ArticleTasks>()
            .AddSingleton<JourneyFiles>()
            .AddSingleton(TimeProvider.System)
            .AddHostedService<Background>();
}
