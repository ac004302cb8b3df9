using Orchestration.Testing;

namespace Orchestration.Host.Tests.Conventions;

/// <summary>The files of the product, as the repository holds them: built and fetched ones are left out.</summary>
internal static class SourceTree
{
    private static readonly HashSet<string> Skipped = ["bin", "obj", "node_modules", ".data"];

    /// <param name="folder">Relative to the repository's root.</param>
    /// <param name="extensions">With the dot.</param>
    /// <returns>Path relative to the root with forward slashes, and text.</returns>
    public static IEnumerable<(string Path, string Text)> Files(string folder, params string[] extensions) =>
        Folders(folder)
            .SelectMany(relative => Directory.GetFiles(Repository.Path(relative)).Select(file => (Path: $"{relative}/{Path.GetFileName(file)}", File: file)))
            .Where(file => extensions.Contains(Path.GetExtension(file.File)))
            .Select(file => (file.Path, File.ReadAllText(file.File)));

    /// <summary>The folder itself and all below it.</summary>
    public static IEnumerable<string> Folders(string folder) =>
        !Directory.Exists(Repository.Path(folder))
            ? []
            : Directory
                .GetDirectories(Repository.Path(folder))
                .Select(child => Path.GetFileName(child))
                .Where(name => !Skipped.Contains(name))
                .SelectMany(name => Folders($"{folder}/{name}"))
                .Prepend(folder);
}
