using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Orchestration.Testing;

/// <summary>Keeps what is logged: each message, followed by its exception if it has one.</summary>
public sealed class LogLines : ILoggerProvider, ILogger
{
    /// <summary>In the order it was logged.</summary>
    public ConcurrentQueue<string> Written { get; } = [];

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Written.Enqueue(exception is null ? formatter(state, exception) : $"{formatter(state, exception)} {exception}");

    public void Dispose() { }
}
