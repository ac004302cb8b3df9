using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Orchestration.Workflows.Tasks.Notes;

/// <summary>What may be attached, judged by the content: a file whose content is not what its name or sender says is refused.</summary>
public static class FileType
{
    private const string Text = "text/plain";

    // Extension → content type, and what the content begins with. What has no beginning of its own must be text.
    private static readonly Dictionary<string, (string Type, byte[][] Begins)> Known = new(StringComparer.OrdinalIgnoreCase)
    {
        ["pdf"] = (
            "application/pdf",
            [
                [.. "%PDF-"u8],
            ]
        ),
        ["png"] = (
            "image/png",
            [
                [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A],
            ]
        ),
        ["jpg"] = (
            "image/jpeg",
            [
                [0xFF, 0xD8, 0xFF],
            ]
        ),
        ["jpeg"] = (
            "image/jpeg",
            [
                [0xFF, 0xD8, 0xFF],
            ]
        ),
        ["gif"] = (
            "image/gif",
            [
                [.. "GIF87a"u8],
                [.. "GIF89a"u8],
            ]
        ),
        ["tif"] = (
            "image/tiff",
            [
                [0x49, 0x49, 0x2A, 0x00],
                [0x4D, 0x4D, 0x00, 0x2A],
            ]
        ),
        ["tiff"] = (
            "image/tiff",
            [
                [0x49, 0x49, 0x2A, 0x00],
                [0x4D, 0x4D, 0x00, 0x2A],
            ]
        ),
        ["webp"] = (
            "image/webp",
            [
                [.. "RIFF"u8],
            ]
        ),
        ["docx"] = (
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            [
                [0x50, 0x4B, 0x03, 0x04],
            ]
        ),
        ["xlsx"] = (
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            [
                [0x50, 0x4B, 0x03, 0x04],
            ]
        ),
        ["pptx"] = (
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            [
                [0x50, 0x4B, 0x03, 0x04],
            ]
        ),
        ["odt"] = (
            "application/vnd.oasis.opendocument.text",
            [
                [0x50, 0x4B, 0x03, 0x04],
            ]
        ),
        ["ods"] = (
            "application/vnd.oasis.opendocument.spreadsheet",
            [
                [0x50, 0x4B, 0x03, 0x04],
            ]
        ),
        ["msg"] = (
            "application/vnd.ms-outlook",
            [
                [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1],
            ]
        ),
        ["txt"] = (Text, []),
        ["csv"] = ("text/csv", []),
        ["eml"] = ("message/rfc822", []),
    };

    // A part that only this kind of archive has: a Word document is not just any archive.
    private static readonly Dictionary<string, byte[]> Contains = new(StringComparer.OrdinalIgnoreCase)
    {
        ["docx"] = [.. "word/"u8],
        ["xlsx"] = [.. "xl/"u8],
        ["pptx"] = [.. "ppt/"u8],
        ["odt"] = [.. "application/vnd.oasis.opendocument.text"u8],
        ["ods"] = [.. "application/vnd.oasis.opendocument.spreadsheet"u8],
    };

    /// <summary>Extensions that are taken, for the file chooser: <c>.pdf,.png …</c>.</summary>
    public static string Accepted { get; } = string.Join(',', Known.Keys.Select(extension => "." + extension));

    /// <summary>The type a file is stored and given out with.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="declared">Type its sender says it has; null or <c>application/octet-stream</c> says nothing.</param>
    /// <param name="content">What is in it.</param>
    /// <param name="type">Its type.</param>
    /// <param name="reason">Why it is refused.</param>
    public static bool TryFind(
        string name,
        string? declared,
        ReadOnlySpan<byte> content,
        [NotNullWhen(true)] out string? type,
        [NotNullWhen(false)] out string? reason
    )
    {
        (type, reason) = (null, null);
        var extension = Path.GetExtension(name).TrimStart('.');
        if (!Known.TryGetValue(extension, out var known))
            reason = $"This file type is not allowed. Allowed types: {string.Join(", ", Known.Keys)}.";
        else if (!IsA(extension, known.Begins, content))
            reason = $"The content is not that of a .{extension.ToLowerInvariant()} file.";
        else if (
            Says(declared) is { } said
            && said != known.Type
            && !(known.Begins.Length == 0 && (said.StartsWith("text/", StringComparison.Ordinal) || said == "application/vnd.ms-excel"))
        )
            reason = $"The file is sent as {said}, but is {known.Type}.";
        else
            type = known.Type;
        return type is not null;
    }

    /// <summary>The last part of a name, without what file systems and headers mind; at most 200 characters.</summary>
    public static string SafeName(string? name)
    {
        name = (name ?? "").Split('/', '\\')[^1];
        name = new string([.. name.Where(c => !char.IsControl(c) && !char.IsSurrogate(c) && "<>:\"|?*".IndexOf(c, StringComparison.Ordinal) < 0)]).Trim(
            ' ',
            '.'
        );
        if (name.Length <= 200)
            return name;
        var extension = Path.GetExtension(name);
        return extension.Length is > 0 and < 20 ? name[..(200 - extension.Length)] + extension : name[..200];
    }

    private static bool IsA(string extension, byte[][] begins, ReadOnlySpan<byte> content)
    {
        if (begins.Length == 0)
            return IsText(content);
        foreach (var begin in begins)
        {
            if (content.StartsWith(begin))
            {
                return extension.Equals("webp", StringComparison.OrdinalIgnoreCase)
                    ? content.Length > 12 && content[8..12].SequenceEqual("WEBP"u8)
                    : !Contains.TryGetValue(extension, out var part) || content.IndexOf(part) >= 0;
            }
        }

        return false;
    }

    /// <summary>UTF-8 or Latin text without control characters: nothing that a program would run as something else because it begins so.</summary>
    private static bool IsText(ReadOnlySpan<byte> content)
    {
        foreach (var b in content)
        {
            if (b < 0x20 && b is not ((byte)'\t' or (byte)'\n' or (byte)'\r' or (byte)'\f'))
                return false;
        }

        var head = Encoding.Latin1.GetString(content[..Math.Min(content.Length, 512)]).TrimStart('\u00EF', '\u00BB', '\u00BF', ' ', '\t', '\r', '\n');
        return !head.StartsWith('<')
            && !head.StartsWith("%PDF-", StringComparison.Ordinal)
            && !head.StartsWith("#!", StringComparison.Ordinal)
            && !head.StartsWith("MZ", StringComparison.Ordinal);
    }

    private static string? Says(string? declared) =>
        declared?.Split(';')[0].Trim().ToLowerInvariant() is { Length: > 0 } type && type != "application/octet-stream" ? type : null;
}
