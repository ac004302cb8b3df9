using Microsoft.Extensions.DependencyInjection;
using Orchestration.Engine.Activities;
using Orchestration.Engine.Runtime;
using Orchestration.Workflows.Activities;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;
using Orchestration.Workflows.ServiceLevels;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Webhooks;

namespace Orchestration.Workflows;

/// <summary>What a host needs of the engine and the workflows.</summary>
public static class Setup
{
    /// <summary>Adds both. The host brings the data source, the clock and <see cref="Changes"/>.</summary>
    /// <param name="services">The host's.</param>
    /// <param name="mail">The mail server. Default: none, and no mail is sent.</param>
    /// <param name="csharp">Whether definitions may use C#, which has no sandbox. Default: no.</param>
    /// <param name="allowPrivateAddresses">Whether requests of workflows may reach loopback and private addresses. Default: no.</param>
    public static IServiceCollection AddWorkflows(
        this IServiceCollection services,
        MailSettings? mail = null,
        bool csharp = false,
        bool allowPrivateAddresses = false
    ) =>
        services
            .AddSingleton<SettingDocuments>()
            .AddSingleton<ServiceLevelCatalog>()
            .AddSingleton(s =>
            {
                var registry = ActivityRegistry.WithBuiltIns().Add(HumanTask.CreateType(s.GetRequiredService<ServiceLevelCatalog>()));
                return csharp ? registry.AddCSharp() : registry;
            })
            .AddSingleton(s =>
            {
                var catalog = s.GetRequiredService<ServiceLevelCatalog>();
                var writes = new BurstWrites { Observer = new CaseClocks(catalog) };
                OpenTasks.Register(writes, s.GetRequiredService<DefinitionStore>(), catalog);
                return writes;
            })
            .AddSingleton(s => new DefinitionStore(
                s.GetRequiredService<Npgsql.NpgsqlDataSource>(),
                s.GetRequiredService<ActivityRegistry>(),
                s.GetRequiredService<Changes>()
            )
            {
                CollectResources = workflow => HumanTask.Forms(workflow, s.GetRequiredService<ServiceLevelCatalog>()),
            })
            .AddSingleton(s =>
            {
                var runtime = ActivatorUtilities.CreateInstance<WorkflowRuntime>(s);
                runtime.HistoryWriting = WebhookEvents.Write;
                return runtime;
            })
            .AddSingleton<Timers>()
            .AddSingleton(_ => new HttpEffects(allowPrivateAddresses))
            .AddSingleton(s =>
            {
                var effects = ActivatorUtilities.CreateInstance<Effects>(s);
                effects.Register("http", s.GetRequiredService<HttpEffects>().SendAsync);
                effects.Register("email", s.GetRequiredService<SendMail>().DoAsync, Effects.PatientTries);
                effects.Register(SendWebhook.Kind, s.GetRequiredService<SendWebhook>().DoAsync, Effects.PatientTries);
                return effects;
            })
            .AddSingleton(mail ?? new())
            .AddSingleton<SendMail>()
            .AddSingleton<WebhookSecrets>()
            .AddSingleton<SendWebhook>()
            .AddSingleton<WebhookDesk>()
            .AddSingleton<Escalate>()
            .AddSingleton<TaskDesk>()
            .AddSingleton<ResumeSuspended>()
            .AddSingleton<Substitutions>()
            .AddSingleton<JourneyFiles>()
            .AddSingleton(TimeProvider.System)
            .AddHostedService<Background>();
}
