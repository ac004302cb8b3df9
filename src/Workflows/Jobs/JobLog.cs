using Hangfire.Logging;
using Microsoft.Extensions.Logging;
using NodaTime;
using Orchestration.Engine.Runtime;
using LogLevel = Hangfire.Logging.LogLevel;

namespace Orchestration.Workflows.Jobs;

/// <summary>
/// Writes Hangfire's messages to the host's log. While the database is unavailable, each of its threads repeats its message; a category logs a
/// message once a minute, with the number of repetitions.
/// </summary>
internal sealed class JobLog(ILoggerFactory loggers, TimeProvider time) : ILogProvider
{
    private readonly LogLimit _said = new();

    public ILog GetLogger(string name)
    {
        try
        {
            return new Category(this, name, loggers.CreateLogger(name));
        }
        catch (ObjectDisposedException)
        {
            // Hangfire has one provider per process, and a previous host in this process may have left its own.
            return new Category(this, name, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        }
    }

    private int? Admit(string category, Exception? failure) =>
        _said.Admit(failure is null ? category : failure.GetBaseException().GetType().Name, Instant.FromDateTimeOffset(time.GetUtcNow()));

    private sealed class Category(JobLog owner, string name, ILogger log) : ILog
    {
        public bool Log(LogLevel logLevel, Func<string>? messageFunc, Exception? exception = null)
        {
            var level = logLevel switch
            {
                LogLevel.Trace => Microsoft.Extensions.Logging.LogLevel.Trace,
                LogLevel.Debug => Microsoft.Extensions.Logging.LogLevel.Debug,
                LogLevel.Info => Microsoft.Extensions.Logging.LogLevel.Information,
                LogLevel.Warn => Microsoft.Extensions.Logging.LogLevel.Warning,
                LogLevel.Error => Microsoft.Extensions.Logging.LogLevel.Error,
                _ => Microsoft.Extensions.Logging.LogLevel.Critical,
            };
            if (messageFunc is null)
                return log.IsEnabled(level);
            if (!log.IsEnabled(level))
                return false;
            if (level < Microsoft.Extensions.Logging.LogLevel.Warning)
                log.Log(level, 0, messageFunc(), exception, static (text, _) => text);
            else if (owner.Admit(name, exception) is { } leftOut)
                log.Log(
                    level,
                    0,
                    leftOut == 0 ? messageFunc() : $"{messageFunc()} ({leftOut} more like this were left out)",
                    exception,
                    static (text, _) => text
                );
            return true;
        }
    }
}
