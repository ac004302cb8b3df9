namespace Orchestration.Host.Shell.Parts;

/// <summary>What languages are called.</summary>
internal static class Languages
{
    // The host runs without the names of cultures.
    private static readonly Dictionary<string, string> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        ["ar"] = "Arabic",
        ["cs"] = "Czech",
        ["da"] = "Danish",
        ["de"] = "German",
        ["en"] = "English",
        ["es"] = "Spanish",
        ["fr"] = "French",
        ["hi"] = "Hindi",
        ["it"] = "Italian",
        ["ja"] = "Japanese",
        ["ko"] = "Korean",
        ["nl"] = "Dutch",
        ["pl"] = "Polish",
        ["pt"] = "Portuguese",
        ["ro"] = "Romanian",
        ["ru"] = "Russian",
        ["sv"] = "Swedish",
        ["tr"] = "Turkish",
        ["uk"] = "Ukrainian",
        ["zh"] = "Chinese",
    };

    /// <summary>Name of the language of a tag such as pt-BR; the tag if it isn't known.</summary>
    public static string Name(string tag) => Names.GetValueOrDefault(tag.Split('-')[0], tag);
}
