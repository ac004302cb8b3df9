using NodaTime;
using Orchestration.Host.Startup;
using Orchestration.Proof;
using Orchestration.Workflows.Audit;

namespace Orchestration.Host.Compliance;

/// <summary>Reads how history is proven: <c>History:*</c>.</summary>
internal static class HistorySettings
{
    private const string Origin = "orchestration";

    public static HistoryKeeping Read(SettingsReader settings)
    {
        var key = ReadKey(settings, "History:KeyFile");
        return new(
            settings.Text("History:Origin") ?? Origin,
            key,
            ReadKey(settings, "History:RetiringKeyFile"),
            ReadFormerKeys(settings),
            settings.Text("History:Folder") is { } folder ? Path.GetFullPath(folder) : null,
            Duration.FromTimeSpan(settings.Seconds("History:HeadSeconds", 300, 1, 86_400))
        )
        {
            Outside = HeadPlaceSettings.Read(settings),
            Host = settings.Text("History:Host") ?? Environment.MachineName,
            AllowPrivateAddresses = settings.Flag("History:AllowPrivateAddresses"),
            WarnAfter = Duration.FromMinutes(settings.Number("History:WarnMinutes", 60, 1, 10_080)),
        };
    }

    private static List<VerifierKey> ReadFormerKeys(SettingsReader settings)
    {
        var keys = new List<VerifierKey>();
        foreach (var (name, text) in settings.List("History:FormerKeys"))
        {
            if (VerifierKey.Parse(text) is { } key)
                keys.Add(key);
            else
                settings.Refuse(name, $"is “{text}”, which is no public key.");
        }

        return keys;
    }

    private static SigningKey? ReadKey(SettingsReader settings, string name)
    {
        if (settings.Text(name) is not { } file)
            return null;
        try
        {
            if (!File.Exists(file) && settings.Flag("History:CreateKey"))
                Create(file);
            if (SigningKey.Parse(File.ReadAllText(file)) is { } key)
                return key;
            settings.Refuse(name, $"names {file}, which is no key; make one with the verifier's new-key.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            settings.Refuse(name, $"names {file}, which can't be read: {e.Message}");
        }

        return null;
    }

    private static void Create(string file)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var writer = new StreamWriter(file, options);
        writer.WriteLine(SigningKey.Create(Origin).Secret());
    }
}
