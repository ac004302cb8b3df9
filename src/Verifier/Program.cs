using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Npgsql;
using Orchestration.Proof;

return await Verifier.RunAsync(args);

/// <summary>Checks exports and databases of Orchestration without it. Exit code 0: all is proven; 1: it isn't; 2: the call was wrong.</summary>
internal static class Verifier
{
    private const string Usage = """
        Checks that the history of Orchestration was not altered.

          verifier case FILE --key KEY            an exported case
          verifier growth FILE --key KEY          two tree heads and the proof between them
          verifier head FILE --key KEY [--timestamp TOKEN] [--authority CERTIFICATE]
                                                  a signed tree head, and a timestamp of it
          verifier kept FOLDER --key KEY [--authority CERTIFICATE]
                                                  a folder with heads, entries and timestamps, without a database
          verifier database CONNECTION --key KEY [--kept FOLDER] [--authority CERTIFICATE]
                                                  a whole database, against what is held outside
          verifier new-key NAME FILE              makes a key that signs tree heads; prints its public half

        KEY is a public key (name+id+key) or a file with one a line. Give --key more than once if keys were replaced.
        CERTIFICATE is a PEM file with the certificate of a timestamp authority, or of who certified it. Without one, any authority counts.
        """;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public static async Task<int> RunAsync(string[] args)
    {
        try
        {
            return args switch
            {
                ["new-key", var name, var file] => NewKey(name, file),
                ["case", var file, .. var rest] => Case(file, Options.Read(rest)),
                ["growth", var file, .. var rest] => Growth(file, Options.Read(rest)),
                ["head", var file, .. var rest] => Head(file, Options.Read(rest)),
                ["kept", var folder, .. var rest] => Kept(folder, Options.Read(rest)),
                ["database", var connection, .. var rest] => await DatabaseAsync(connection, Options.Read(rest)),
                _ => Wrong(Usage),
            };
        }
        catch (Exception e)
            when (e is IOException or UnauthorizedAccessException or JsonException or ArgumentException or FormatException or CryptographicException)
        {
            return Wrong(e.Message);
        }
        catch (NpgsqlException e)
        {
            return Wrong($"The database can't be read: {e.Message}");
        }
    }

    private static int NewKey(string name, string file)
    {
        var key = SigningKey.Create(name);
        using (var stream = new FileStream(file, PrivateFile))
        using (var writer = new StreamWriter(stream))
            writer.WriteLine(key.Secret());
        Console.WriteLine(key.Public);
        return 0;
    }

    private static FileStreamOptions PrivateFile
    {
        get
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            return options;
        }
    }

    private static int Case(string file, Options options)
    {
        var proof = Read<CaseProof>(file);
        var outcome = Say(proof.Check(options.Keys));
        if (outcome == 0)
            Console.WriteLine($"{proof.Name}: {proof.Events.Count} events are as they were recorded.");
        if (proof.NotYetProven > 0)
            Console.WriteLine($"{proof.NotYetProven} events are newer than the tree head: export again later to prove them too.");
        return outcome;
    }

    private static int Growth(string file, Options options)
    {
        var outcome = Say(Read<GrowthProof>(file).Check(options.Keys));
        if (outcome == 0)
            Console.WriteLine("The newer history begins with the whole of the older one.");
        return outcome;
    }

    private static int Head(string file, Options options)
    {
        var text = File.ReadAllText(file);
        var findings = new List<Finding>();
        if (SignedHead.Parse(text) is not { } head)
        {
            findings.Add(new(FindingKind.Head, null, "The tree head can't be read."));
            return Say(findings);
        }

        if (!head.IsSignedBy(options.Keys))
            findings.Add(new(FindingKind.Head, null, "None of the given keys signed the tree head."));
        var timestamp = options.Timestamp is { } token ? HeadTimestamp.Parse(File.ReadAllBytes(token)) : null;
        var wrong = timestamp?.Differs(text, options.Authorities) ?? (options.Timestamp is not null && timestamp is null ? "can't be read." : null);
        if (wrong is not null)
            findings.Add(new(FindingKind.Timestamp, null, $"The timestamp {wrong}"));
        var outcome = Say(findings);
        if (outcome == 0)
        {
            var signed = DateTimeOffset.UnixEpoch.AddMicroseconds(head.Head.At);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{head.Head.Origin}: {head.Head.Size} events, signed at {signed:u}."));
            if (timestamp is not null)
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"A timestamp authority confirms it for {timestamp.At:u}."));
        }

        return outcome;
    }

    private static int Kept(string folder, Options options)
    {
        if (!Directory.Exists(folder))
            return Wrong($"There is no folder {folder}.");
        var kept = new KeptCheck(new(folder), options.Keys) { Authorities = options.Authorities };
        var findings = kept.Run();
        Console.WriteLine($"Checked {kept.Entries} log entries, {kept.Heads} tree heads and {kept.Timestamps} timestamps.");
        var outcome = Say(findings);
        if (outcome == 0)
            Console.WriteLine("Nothing differs.");
        return outcome;
    }

    private static async Task<int> DatabaseAsync(string connection, Options options)
    {
        await using var database = NpgsqlDataSource.Create(connection);
        var kept = options.Kept is { } folder ? new KeptLog(folder) : null;
        var result = await new HistoryCheck(database, options.Keys, kept) { Authorities = options.Authorities }.RunAsync();
        Console.WriteLine($"Checked {result.Events} events, {result.Entries} log entries and {result.Heads} tree heads.");
        var outcome = Say(result.Findings);
        if (result.Findings.Count == HistoryCheck.MostFindings)
            Console.WriteLine("There are more; only the first are listed.");
        if (outcome == 0)
            Console.WriteLine(
                options.Kept is null ? "Nothing differs. Without --kept, a history made anew as a whole would not be noticed." : "Nothing differs."
            );
        return outcome;
    }

    private static T Read<T>(string file) =>
        JsonSerializer.Deserialize<T>(File.ReadAllText(file), Json) ?? throw new JsonException($"{file} has nothing to check.");

    private static int Say(IReadOnlyList<Finding> findings)
    {
        foreach (var finding in findings)
            Console.WriteLine(finding);
        return findings.Count == 0 ? 0 : 1;
    }

    private static int Wrong(string text)
    {
        Console.Error.WriteLine(text);
        return 2;
    }

    private sealed record Options(IReadOnlyList<VerifierKey> Keys)
    {
        public string? Kept { get; private set; }

        public string? Timestamp { get; private set; }

        public X509Certificate2Collection? Authorities { get; private set; }

        public static Options Read(string[] args)
        {
            var keys = new List<VerifierKey>();
            var options = new Options(keys);
            for (var i = 0; i < args.Length; i += 2)
            {
                var value = i + 1 < args.Length ? args[i + 1] : throw new ArgumentException($"{args[i]} needs a value.");
                switch (args[i])
                {
                    case "--key":
                        foreach (var line in File.Exists(value) ? File.ReadAllLines(value).Where(l => l.Trim().Length > 0) : [value])
                            keys.Add(VerifierKey.Parse(line) ?? throw new ArgumentException($"This is not a public key: {line}"));
                        break;
                    case "--kept":
                        options.Kept = Directory.Exists(value) ? value : throw new ArgumentException($"There is no folder {value}.");
                        break;
                    case "--timestamp":
                        options.Timestamp = value;
                        break;
                    case "--authority":
                        (options.Authorities ??= []).ImportFromPemFile(value);
                        break;
                    default:
                        throw new ArgumentException($"There is no option {args[i]}.");
                }
            }

            return keys.Count > 0 ? options : throw new ArgumentException("Give the public key with --key.");
        }
    }
}
