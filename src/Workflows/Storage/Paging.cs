using System.Buffers.Text;
using System.Globalization;
using System.Text;
using NodaTime;

namespace Orchestration.Workflows.Storage;

/// <summary>A page of a list that is ordered by a time and an id.</summary>
/// <param name="Items">The rows.</param>
/// <param name="Next">Cursor of the next page, or null at the end.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next)
{
    /// <summary>Makes a page from one row more than asked for.</summary>
    internal static Page<T> Of(List<T> rows, int limit, Func<T, (DateTime At, Guid Id)> key)
    {
        if (rows.Count <= limit)
            return new(rows, null);
        rows.RemoveRange(limit, rows.Count - limit);
        var (at, id) = key(rows[^1]);
        return new(rows, Cursor.Write(at, id));
    }
}

/// <summary>Where a page starts: opaque to callers.</summary>
public static class Cursor
{
    /// <summary>Largest page. Default page: 50.</summary>
    public const int MaxLimit = 200;

    /// <summary>Reads a cursor; false when it is not one.</summary>
    public static bool TryRead(string? text, out (DateTime At, Guid Id)? cursor)
    {
        cursor = null;
        if (string.IsNullOrEmpty(text))
            return true;
        Span<byte> bytes = stackalloc byte[64];
        if (text.Length > 80 || !Base64Url.IsValid(text) || !Base64Url.TryDecodeFromChars(text, bytes, out var count))
            return false;
        var parts = Encoding.ASCII.GetString(bytes[..count]).Split('|');
        if (
            parts.Length != 2
            || !long.TryParse(parts[0], NumberStyles.Integer, CultureInfo.InvariantCulture, out var ticks)
            || ticks < 0
            || ticks > DateTime.MaxValue.Ticks
            || !Guid.TryParseExact(parts[1], "N", out var id)
        )
            return false;
        cursor = (new DateTime(ticks, DateTimeKind.Utc), id);
        return true;
    }

    internal static string Write(DateTime at, Guid id) =>
        Base64Url.EncodeToString(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{at.Ticks}|{id:N}")));
}
