using System.Buffers.Binary;
using System.Globalization;

namespace Orchestration.Proof;

/// <summary>An entry of the log: which event, and its leaf.</summary>
public readonly record struct LogEntry(Guid Chain, int Sequence, byte[] Leaf);

/// <summary>
/// A folder outside the database with what was true once: every signed tree head as a file, and the log's entries, 52 bytes each, a million a file. No
/// personal data is in it. Files are only ever added or grow.
/// </summary>
public sealed class KeptLog(string folder)
{
    private const int EntrySize = 52;
    private const long EntriesAFile = 1 << 20;
    private const string Heads = "heads";
    private const string Text = ".txt";
    private const string Timestamp = ".tst";

    /// <summary>How many whole entries the folder has.</summary>
    public long Count()
    {
        for (var file = 0L; ; file++)
        {
            var info = new FileInfo(EntryFile(file));
            var entries = info.Exists ? info.Length / EntrySize : 0;
            if (entries < EntriesAFile)
                return (file * EntriesAFile) + entries;
        }
    }

    /// <summary>Adds entries at a position. What an interrupted call wrote of them is written over.</summary>
    public async Task AddAsync(long position, IReadOnlyList<LogEntry> entries, CancellationToken cancel = default)
    {
        Directory.CreateDirectory(folder);
        for (var next = 0; next < entries.Count; )
        {
            var (file, offset) = Math.DivRem(position + next, EntriesAFile);
            var count = (int)Math.Min(entries.Count - next, EntriesAFile - offset);
            var bytes = new byte[count * EntrySize];
            for (var i = 0; i < count; i++)
                Write(entries[next + i], bytes.AsSpan(i * EntrySize));
            await using var stream = new FileStream(EntryFile(file), FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
            stream.Position = offset * EntrySize;
            await stream.WriteAsync(bytes, cancel);
            stream.Flush(flushToDisk: true);
            next += count;
        }
    }

    /// <summary>Adds a signed head. One that is there already stays.</summary>
    public async Task AddAsync(SignedHead head, CancellationToken cancel = default)
    {
        Directory.CreateDirectory(Path.Combine(folder, Heads));
        await WriteOnceAsync(Path.Combine(folder, Heads, NameOf(head)), System.Text.Encoding.UTF8.GetBytes(head.ToString()), cancel);
    }

    /// <summary>Adds a timestamp beside its head. One of the same authority that is there already stays.</summary>
    /// <param name="authority">Who gave it, as part of the file's name.</param>
    public async Task AddAsync(SignedHead head, string authority, byte[] timestamp, CancellationToken cancel = default)
    {
        Directory.CreateDirectory(Path.Combine(folder, Heads));
        var of = string.Concat(authority.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' ? c : '_'));
        await WriteOnceAsync(Path.Combine(folder, Heads, $"{NameOf(head)}.{of}{Timestamp}"), timestamp, cancel);
    }

    /// <summary>The name of a head's file.</summary>
    public static string NameOf(SignedHead head) => string.Create(CultureInfo.InvariantCulture, $"{head.Head.Size:D12}-{head.Head.At}{Text}");

    /// <summary>All timestamps, with the name of their file and that of the head they are of.</summary>
    public IEnumerable<(string Name, string Head, byte[] Bytes)> ReadTimestamps()
    {
        var path = Path.Combine(folder, Heads);
        return Directory.Exists(path)
            ? Directory
                .EnumerateFiles(path, "*" + Timestamp)
                .Order(StringComparer.Ordinal)
                .Select(file =>
                {
                    var name = Path.GetFileName(file);
                    var end = name.IndexOf(Text, StringComparison.Ordinal);
                    return (name, end < 0 ? name : name[..(end + Text.Length)], File.ReadAllBytes(file));
                })
            : [];
    }

    /// <summary>The texts of all heads, the smallest first, with the names of their files.</summary>
    public IEnumerable<(string Name, string Text)> ReadHeads()
    {
        var path = Path.Combine(folder, Heads);
        return Directory.Exists(path)
            ? Directory.EnumerateFiles(path, "*" + Text).Order(StringComparer.Ordinal).Select(file => (Path.GetFileName(file), File.ReadAllText(file)))
            : [];
    }

    /// <summary>The entries from a position on, in order.</summary>
    public IEnumerable<LogEntry> ReadEntries(long from = 0)
    {
        var bytes = new byte[EntrySize];
        for (var (file, offset) = Math.DivRem(from, EntriesAFile); File.Exists(EntryFile(file)); (file, offset) = (file + 1, 0))
        {
            using var stream = new FileStream(EntryFile(file), FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1 << 16);
            stream.Position = offset * EntrySize;
            while (stream.ReadAtLeast(bytes, EntrySize, throwOnEndOfStream: false) == EntrySize)
                yield return new(new(bytes.AsSpan(0, 16), bigEndian: true), BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(16)), bytes[20..]);
        }
    }

    private string EntryFile(long number) => Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"entries-{number:D6}.bin"));

    private static async Task WriteOnceAsync(string path, byte[] bytes, CancellationToken cancel)
    {
        if (File.Exists(path))
            return;
        await File.WriteAllBytesAsync(path + ".new", bytes, cancel);
        File.Move(path + ".new", path, overwrite: true);
    }

    private static void Write(LogEntry entry, Span<byte> to)
    {
        entry.Chain.TryWriteBytes(to, bigEndian: true, out _);
        BinaryPrimitives.WriteInt32BigEndian(to[16..], entry.Sequence);
        entry.Leaf.CopyTo(to[20..]);
    }
}
