namespace Orchestration.Host.Identity;

/// <summary>The browser and system of a request, in words: enough for people to know their own.</summary>
internal static class Device
{
    // The first that is found wins: Edge also says that it is Chrome, and everyone that they are Safari.
    private static readonly (string Token, string Name)[] Browsers =
    [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser/", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("CriOS/", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Version/", "Safari"),
    ];

    private static readonly (string Token, string Name)[] Systems =
    [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("CrOS", "ChromeOS"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];

    public static string Of(HttpRequest request)
    {
        var agent = request.Headers.UserAgent.ToString();
        var (browser, system) = (Find(Browsers, agent), Find(Systems, agent));
        if (browser is not null)
            return system is null ? browser : $"{browser} on {system}";

        // A program: its name, as in curl/8.5.0.
        var name = agent.Split('/', ' ')[0];
        return name.Length is > 0 and <= 40 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_') ? name : "";
    }

    private static string? Find((string Token, string Name)[] known, string agent) =>
        known.FirstOrDefault(one => agent.Contains(one.Token, StringComparison.Ordinal)).Name;
}
