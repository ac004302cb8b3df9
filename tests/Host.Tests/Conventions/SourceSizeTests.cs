namespace Orchestration.Host.Tests.Conventions;

/// <summary>Limits that keep the source readable: size of files, lines and folders.</summary>
public sealed class SourceSizeTests
{
    private const int FileLines = 400;
    private const int LineLength = 160;
    private const int FolderFiles = 20;

    private static readonly string[] Written = [".cs", ".razor", ".sql"];

    [Fact]
    public void Files_are_at_most_400_lines_long() =>
        Sources("src").Where(file => Lines(file.Text).Length > FileLines).Select(file => $"{file.Path}: {Lines(file.Text).Length} lines").ShouldBeEmpty();

    [Fact]
    public void Lines_are_at_most_160_characters_long() =>
        Sources("src")
            .Concat(Sources("tests"))
            .SelectMany(file =>
                Lines(file.Text).Index().Where(line => line.Item.Length > LineLength).Select(line => $"{file.Path}:{line.Index + 1}: {line.Item.Length}")
            )
            .ShouldBeEmpty();

    [Fact]
    public void Folders_hold_at_most_20_files() =>
        SourceTree
            .Folders("src")
            .Concat(SourceTree.Folders("tests"))
            .Select(folder => (Path: folder, Count: Sources(folder).Count(file => Path.GetDirectoryName(file.Path)!.Replace('\\', '/') == folder)))
            .Where(folder => folder.Count > FolderFiles)
            .Select(folder => $"{folder.Path}: {folder.Count} files")
            .ShouldBeEmpty();

    private static IEnumerable<(string Path, string Text)> Sources(string folder) => SourceTree.Files(folder, Written);

    private static string[] Lines(string text) => text.TrimEnd('\n').Split('\n');
}
