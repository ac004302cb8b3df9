using System.Globalization;
using NodaTime;
using Orchestration.Engine.Execution;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;

namespace Orchestration.Workflows.Cases;

/// <summary>Gives out references.</summary>
public static class CaseReferences
{
    /// <summary>References of test cases begin with it.</summary>
    public const string TestPrefix = "TEST-";

    /// <summary>
    /// A reference that was never given out before, on any host, and that no case has. It is given out at once and not with the case, so starts don't wait
    /// for each other; a reference that is not used leaves a gap.
    /// </summary>
    public static async Task<string> NextAsync(WorkflowRuntime runtime, CompiledWorkflow journey, bool isTest, CancellationToken cancel = default)
    {
        var rule = ReferenceRule.Of(journey);
        var (before, after) = rule.On(runtime.Clock.Now().InUtc().Date);
        if (isTest)
            before = TestPrefix + before;
        while (true)
        {
            long number;
            await using (
                var next = runtime.Database.Query(
                    """
                    insert into reference_counter (prefix, last) values ($1, 1) on conflict (prefix) do update set last = reference_counter.last + 1
                    returning last
                    """,
                    $"{before}#{after}"
                )
            )
                number = (long)(await next.ExecuteScalarAsync(cancel))!;
            var reference = before + number.ToString($"D{rule.Digits}", CultureInfo.InvariantCulture) + after;

            // People may write references of their own, and cases may have come from elsewhere.
            await using var taken = runtime.Database.Query("select exists (select from journey_case where reference = $1)", reference);
            if (!(bool)(await taken.ExecuteScalarAsync(cancel))!)
                return reference;
        }
    }
}
