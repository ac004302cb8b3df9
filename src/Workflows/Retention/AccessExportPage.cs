using System.Text.Encodings.Web;
using System.Text.Json;
using NodaTime;
using NodaTime.Text;

namespace Orchestration.Workflows.Retention;

/// <summary>What we hold of a customer as a page of its own, to read and to print. Rows are written as they are read.</summary>
internal sealed class AccessExportPage(TextWriter text)
{
    private const string Head = """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
        <title>What we hold about you</title>
        <style>
        body { font: 15px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; color: #1f2933; background: #fff; }
        h1 { font-size: 1.5rem; margin-bottom: .25rem; } h2 { font-size: 1.125rem; margin: 2rem 0 .5rem; border-bottom: 1px solid #cbd2d9; }
        article { padding: .5rem 0; border-bottom: 1px solid #e4e7eb; break-inside: avoid; }
        dl { display: grid; grid-template-columns: minmax(8rem, 12rem) 1fr; gap: .125rem .75rem; margin: 0; }
        dt { color: #52606d; } dd { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
        @media (max-width: 30rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .25rem; } }
        @media print { body { margin: 0; max-width: none; font-size: 10pt; } a { color: inherit; } }
        </style></head><body>
        """;

    private const int Deepest = 6;
    private readonly HtmlEncoder _encoder = HtmlEncoder.Default;
    private bool _open;

    public async Task BeginAsync(Instant now)
    {
        await text.WriteAsync(Head);
        await text.WriteAsync(
            $"<h1>What we hold about you</h1><p>As of {InstantPattern.General.Format(now)}. The same data for programs are in <code>data.json</code>; "
                + "your documents are in the folder <code>documents</code>.</p>"
        );
    }

    public async Task SectionAsync(string title)
    {
        await EndSectionAsync();
        await text.WriteAsync($"<section><h2>{_encoder.Encode(title)}</h2>");
        _open = true;
    }

    public async Task RowAsync(JsonElement row)
    {
        await text.WriteAsync("<article>");
        await ValueAsync(row, 0);
        await text.WriteAsync("</article>\n");
    }

    public async Task EndAsync()
    {
        await EndSectionAsync();
        await text.WriteAsync("</body></html>\n");
    }

    private async Task EndSectionAsync()
    {
        if (_open)
            await text.WriteAsync("</section>\n");
    }

    private async Task ValueAsync(JsonElement value, int depth)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object when depth < Deepest:
                await text.WriteAsync("<dl>");
                foreach (var member in value.EnumerateObject().Where(member => !IsEmpty(member.Value)))
                {
                    await text.WriteAsync($"<dt>{_encoder.Encode(Name(member.Name))}</dt><dd>");
                    await ValueAsync(member.Value, depth + 1);
                    await text.WriteAsync("</dd>");
                }

                await text.WriteAsync("</dl>");
                break;
            case JsonValueKind.Array when depth < Deepest:
                var first = true;
                foreach (var item in value.EnumerateArray())
                {
                    if (!first)
                        await text.WriteAsync(item.ValueKind == JsonValueKind.Object ? "<br>" : ", ");
                    await ValueAsync(item, depth + 1);
                    first = false;
                }

                break;
            case JsonValueKind.String:
                await text.WriteAsync(_encoder.Encode(value.GetString()!));
                break;
            case JsonValueKind.True or JsonValueKind.False:
                await text.WriteAsync(value.GetBoolean() ? "yes" : "no");
                break;
            default:
                await text.WriteAsync(_encoder.Encode(value.GetRawText()));
                break;
        }
    }

    private static bool IsEmpty(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.Null => true,
            JsonValueKind.String => value.GetString()!.Length == 0,
            JsonValueKind.Array => value.GetArrayLength() == 0,
            JsonValueKind.Object => !value.EnumerateObject().Any(),
            _ => false,
        };

    /// <summary>A column or member in words: <c>born_on</c> and <c>bornOn</c> are “Born on”.</summary>
    private static string Name(string member)
    {
        var words = string.Concat(
            member.Select(
                (c, i) =>
                    c is '_' or '-' ? " "
                    : i > 0 && char.IsUpper(c) ? " " + char.ToLowerInvariant(c)
                    : c.ToString()
            )
        );
        return words.Length == 0 ? member : char.ToUpperInvariant(words[0]) + words[1..];
    }
}
