using System.Buffers;

namespace Orchestration.Engine.Model;

/// <summary>
/// A buffer to write JSON into, used again by the next document of its thread: they are many and small, and one that grows was a third of what a start
/// allocated in bytes.
/// </summary>
internal static class Utf8Buffer
{
    // What is larger is not kept: a thread would hold on to its largest document for ever.
    private const int Largest = 64 * 1024;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? t_free;

    /// <summary>An empty buffer. One that is not given back, because its writer failed, is only lost for reuse.</summary>
    public static ArrayBufferWriter<byte> Take()
    {
        var buffer = t_free ?? new(4096);
        t_free = null;
        return buffer;
    }

    /// <summary>Gives a buffer back; nothing of it may be used any more.</summary>
    public static void GiveBack(ArrayBufferWriter<byte> buffer)
    {
        if (buffer.Capacity > Largest)
            return;

        buffer.ResetWrittenCount();
        t_free = buffer;
    }

    /// <summary>What was written, as an array of its own. Gives the buffer back.</summary>
    public static byte[] ToArray(ArrayBufferWriter<byte> buffer)
    {
        var written = buffer.WrittenSpan.ToArray();
        GiveBack(buffer);
        return written;
    }
}
