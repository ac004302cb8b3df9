using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Orchestration.Engine.Compilation;
using Orchestration.Engine.Definitions;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
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
    public static IServiceCollection AddWorkflows(this IServiceCollection services) =>
        services
            .AddSingleton<SettingDocuments>()
            .AddSingleton<ServiceLevelCatalog>()
            .AddSingleton(s =>
            {
                var registry = ActivityRegistry.WithBuiltIns().Add(HumanTask.CreateType(s.GetRequiredService<ServiceLevelCatalog>()));
                return s.GetService<IConfiguration>()?.GetValue<bool>("Expressions:CSharp:Enabled") == true ? registry.AddCSharp() : registry;
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
            .AddSingleton(s => new HttpEffects(s.GetService<IConfiguration>()?.GetValue<bool>("Http:AllowPrivateAddresses") ?? false))
            .AddSingleton(s =>
            {
                var effects = ActivatorUtilities.CreateInstance<Effects>(s);
                effects.Register("http", s.GetRequiredService<HttpEffects>().SendAsync);
                effects.Register("email", s.GetRequiredService<SendMail>().DoAsync, Effects.PatientTries);
                effects.Register(SendWebhook.Kind, s.GetRequiredService<SendWebhook>().DoAsync, Effects.PatientTries);
                return effects;
            })
            .AddSingleton(s => s.GetService<IConfiguration>()?.GetSection("Mail").Get<MailSettings>() ?? new())
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
