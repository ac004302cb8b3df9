using System.Collections.Concurrent;

namespace Orchestration.Host.Http;

/// <summary>Counts the live streams of each person on this host, so that no one uses up its connections.</summary>
internal sealed class LiveStreams
{
    /// <summary>Most streams of one person: more than anyone has pages open.</summary>
    public const int MostPerPerson = 20;

    private readonly ConcurrentDictionary<string, int> _open = new();

    /// <summary>Counts one more until it is disposed; null if the person has too many.</summary>
    public IDisposable? TryOpen(string person)
    {
        if (_open.AddOrUpdate(person, 1, (_, count) => count + 1) <= MostPerPerson)
            return new Stream(this, person);
        Close(person);
        return null;
    }

    private void Close(string person)
    {
        if (_open.AddOrUpdate(person, 0, (_, count) => count - 1) <= 0)
            _open.TryRemove(new(person, 0));
    }

    private sealed class Stream(LiveStreams streams, string person) : IDisposable
    {
        private int _closed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _closed, 1) == 0)
                streams.Close(person);
        }
    }
}
