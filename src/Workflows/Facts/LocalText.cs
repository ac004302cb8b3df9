using Orchestration.Workflows.Documents;

namespace Orchestration.Workflows.Facts;

/// <summary>A text for customers, in the languages that their own view speaks.</summary>
/// <param name="En">In English.</param>
/// <param name="De">In German.</param>
public sealed record LocalText(string En, string De)
{
    /// <summary>Most characters of a text in a definition.</summary>
    public const int Longest = 300;

    /// <summary>The text in a language: <c>de</c>, or English.</summary>
    public string In(string language) => language == "de" ? De : En;

    /// <summary>Reads <c>{ "en": "…", "de": "…" }</c>; both are required. Null if it isn't there, or with errors.</summary>
    internal static LocalText? Read(DocumentReader of, string member, bool required)
    {
        if (of.Object(member, required) is not { } text)
            return null;
        var (en, de) = (text.Text("en", maxLength: Longest), text.Text("de", maxLength: Longest));
        text.NoOthers();
        return en is null || de is null ? null : new(en, de);
    }
}
