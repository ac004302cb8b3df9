using System.Diagnostics;
using System.Text.Json;
using Dapper;
using Npgsql;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Retention;

namespace Orchestration.Workflows.Tests.Retention;

/// <summary>The verifier, as the program that others run.</summary>
public sealed class VerifierTests
{
    // Where its own build puts it, in the same configuration as these tests.
    private static readonly string Program = Path.Combine(
        AppContext.BaseDirectory.Replace("tests/Workflows.Tests", "src/Verifier", StringComparison.Ordinal),
        "Orchestration.Verifier.dll"
    );

    [Fact]
    public async Task A_database_with_erased_data_passes_and_an_erasure_without_a_record_is_named()
    {
        await using var office = await RetentionWorld.CreateAsync();
        var world = office.World;
        var (kept, erased) = (await office.ClosedAsync("REF-1", "C-1"), await office.ClosedAsync("REF-2", "C-2"));
        var (me, second) = (await world.PersonAsync("compliance"), await world.PersonAsync("admin"));
        var customer = (await CustomerQueries.OfNumberAsync(world.Database, "C-2", me, world.Clock.Now()))!.Id;
        var request = (await office.Erasures.RequestAsync(customer, "They asked", me)).ShouldBeOfType<ErasureResult.Done>().Id;
        (await office.Erasures.ApproveAsync(request, second)).ShouldBeOfType<ErasureResult.Done>().State.ShouldBe(ErasureState.Done);
        (await office.ProveAsync()).Findings.ShouldBeEmpty();
        string[] database = ["database", world.OwnerConnectionString, "--kept", office.Keeping.Folder!];

        (await RunAsync(office, database)).ShouldSatisfyAllConditions(run => run.Code.ShouldBe(0), run => run.Text.ShouldContain("Nothing differs."));
        (await RunAsync(office, "kept", office.Keeping.Folder!)).ShouldSatisfyAllConditions(
            run => run.Code.ShouldBe(0),
            run => run.Text.ShouldContain("Nothing differs.")
        );
        var head = Proof.SignedHead.Parse((await office.History.LastHeadAsync())!.Note)!;
        foreach (var chain in new[] { kept, erased })
        {
            var file = Path.Combine(office.Keeping.Folder!, $"{chain:N}.json");
            var export = await HistoryExport.ReadAsync(world.Database, chain, "REF", head, _ => true);
            await File.WriteAllTextAsync(file, JsonSerializer.Serialize(export, JsonSerializerOptions.Web));
            (await RunAsync(office, "case", file)).Code.ShouldBe(0);
        }

        // As someone with every right could: the payload goes, and no erasure is recorded.
        var sequence = await world.ScalarAsync<int>("select min(sequence) from event where chain_id = @kept and payload is not null", new { kept });
        await using (var owner = new NpgsqlConnection(world.OwnerConnectionString))
            await owner.ExecuteAsync(
                "set session_replication_role = replica; update event set payload = null, salt = null where chain_id = @kept and sequence = @sequence",
                new { kept, sequence }
            );
        (await RunAsync(office, database)).ShouldSatisfyAllConditions(
            run => run.Code.ShouldBe(1),
            run => run.Text.ShouldContain($"({kept:N}), event {sequence}: The payload is gone, and no erasure is recorded.")
        );
        (await RunAsync(office, "database")).Code.ShouldBe(2);
    }

    private static async Task<(int Code, string Text)> RunAsync(RetentionWorld office, params string[] args)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var arg in args.Prepend(Program).Append("--key").Append($"{office.Keeping.Keys[0]}"))
            start.ArgumentList.Add(arg);
        using var process = Process.Start(start)!;
        var text = process.StandardOutput.ReadToEndAsync();
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await text + errors);
    }
}
