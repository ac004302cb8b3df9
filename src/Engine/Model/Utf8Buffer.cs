using System.Buffers;

namespace Orchestration.Engine.Model;

/// <summary>
/// A buffer to write JSON into, used again by the next document of its thread: they are many and small, and one that grows was a third of what a start
/// allocated in bytes.
/// </summary>
internal static class Utf8Buffer
{
    // Larger buffers aren't kept: a thread would hold on to its largest document forever.
    private const int Largest = 64 * 1024;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? t_free;

    /// <summary>An empty buffer. If its writer fails and doesn't return it, it just isn't reused.</summary>
    public static ArrayBufferWriter<byte> Take()
    {
        var buffer = t_free ?? new(4096);
        t_free = null;
        return buffer;
    }

    /// <summary>Returns a buffer; don't use it afterwards.</summary>
    public static void GiveBack(ArrayBufferWriter<byte> buffer)
    {
        if (buffer.Capacity > Largest)
            return;

        buffer.ResetWrittenCount();
        t_free = buffer;
    }

    /// <summary>The written bytes as a new array. Returns the buffer.</summary>
    public static byte[] ToArray(ArrayBufferWriter<byte> buffer)
    {
        var written = buffer.WrittenSpan.ToArray();
        GiveBack(buffer);
        return written;
    }
}
