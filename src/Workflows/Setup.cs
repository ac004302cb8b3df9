using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Orchestration.Engine.Compilation;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.HumanStep;
using Orchestration.Workflows.Journeys;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.People;
using Orchestration.Workflows.Settings;
using Orchestration.Workflows.Tasks;
using Orchestration.Workflows.Tasks.Verbs;
using Orchestration.Workflows.Webhooks;

namespace Orchestration.Workflows;

/// <summary>Adds the engine and the workflows to a host.</summary>
public static class Setup
{
    /// <summary>Adds all services. The host adds the data source, the clock and <see cref="Changes"/>.</summary>
    public static IServiceCollection AddWorkflows(this IServiceCollection services) =>
        services
            .AddSingleton(s => WorkflowSettings.Read(s.GetService<IConfiguration>()))
            .AddSingleton<SettingDocuments>()
            .AddSingleton<FormCatalog>()
            .AddSingleton<ServiceLevelCatalog>()
            .AddSingleton(s =>
            {
                var humanTask = HumanTask.CreateType(s.GetRequiredService<ServiceLevelCatalog>(), s.GetRequiredService<FormCatalog>());
                var registry = ActivityRegistry.WithBuiltIns().Add(humanTask);
                return s.GetRequiredService<WorkflowSettings>().Expressions.CSharp.Enabled ? registry.AddCSharp() : registry;
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
                CollectResources = workflow => HumanTask.SharedForms(workflow, s.GetRequiredService<FormCatalog>()),
            })
            .AddSingleton(s =>
            {
                var runtime = ActivatorUtilities.CreateInstance<WorkflowRuntime>(s);
                runtime.HistoryWriting = WebhookEvents.Write;
                return runtime;
            })
            .AddSingleton<Timers>()
            .AddSingleton(s => new HttpEffects(s.GetRequiredService<WorkflowSettings>().Http.AllowPrivateAddresses))
            .AddSingleton(s =>
            {
                var effects = ActivatorUtilities.CreateInstance<Effects>(s);
                effects.Register("http", s.GetRequiredService<HttpEffects>().SendAsync);
                effects.Register("email", s.GetRequiredService<SendMail>().DoAsync, Effects.PatientTries);
                effects.Register(SendWebhook.Kind, s.GetRequiredService<SendWebhook>().DoAsync, Effects.PatientTries);
                return effects;
            })
            .AddSingleton(s => s.GetRequiredService<WorkflowSettings>().Mail)
            .AddSingleton<SendMail>()
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
                    )
            ))
            .AddSingleton<ClockRuntime>()
            .AddSingleton<ResumeSuspended>()
            .AddSingleton<Substitutions>()
            .AddSingleton<JourneyFiles>()
            .AddSingleton(TimeProvider.System)
            .AddHostedService<Background>();
}
