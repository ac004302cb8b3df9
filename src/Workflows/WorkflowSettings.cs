using Microsoft.Extensions.Configuration;
using Orchestration.Workflows.Notifications;

namespace Orchestration.Workflows;

/// <summary>What the configuration says about engine and workflows. Every member has a default.</summary>
public sealed record WorkflowSettings
{
    /// <summary>Section <c>Expressions</c>.</summary>
    public ExpressionSettings Expressions { get; init; } = new();

    /// <summary>Section <c>Http</c>.</summary>
    public HttpSettings Http { get; init; } = new();

    /// <summary>Section <c>Mail</c>.</summary>
    public MailSettings Mail { get; init; } = new();

    /// <summary>Reads the settings; without a configuration all have their defaults.</summary>
    /// <exception cref="InvalidOperationException">A value can't be read as its type.</exception>
    public static WorkflowSettings Read(IConfiguration? configuration) => configuration?.Get<WorkflowSettings>() ?? new();
}

/// <summary>Which expression languages there are.</summary>
public sealed record ExpressionSettings
{
    /// <summary>C#: off unless turned on, because it isn't sandboxed.</summary>
    public CSharpSettings CSharp { get; init; } = new();
}

/// <summary>C# expressions.</summary>
public sealed record CSharpSettings
{
    /// <summary>Default: false.</summary>
    public bool Enabled { get; init; }
}

/// <summary>HTTP requests of journeys.</summary>
public sealed record HttpSettings
{
    /// <summary>Whether a journey may call addresses of the private network. Default: false.</summary>
    public bool AllowPrivateAddresses { get; init; }
}
