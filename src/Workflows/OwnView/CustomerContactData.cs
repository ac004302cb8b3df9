using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Customers;
using Orchestration.Workflows.Notifications;

namespace Orchestration.Workflows.OwnView;

/// <summary>What a customer says about how to reach them.</summary>
/// <param name="Email">A new address; empty: the one we have is right.</param>
/// <param name="Phone">A new number; empty: the one we have is right.</param>
/// <param name="Address">A new address; empty: the one we have is right.</param>
public sealed record ContactChange(string Email, string Phone, string Address);

/// <summary>
/// A customer confirms or changes how to reach them. It goes to their record, with history that says that they did it in their own view. Who works for them is
/// told what changed.
/// </summary>
public static class CustomerContactData
{
    /// <summary>Saves it. What is new takes the first place; what was first is replaced, and further numbers and addresses stay.</summary>
    public static async Task<OwnViewResult> SaveAsync(WorkflowRuntime runtime, FollowedCase link, ContactChange change, CancellationToken cancel = default)
    {
        if (link.Customer is not { } id)
            return new OwnViewResult.Refused(OwnViewProblem.NotNow);
        await using var t = await CustomerTransaction.OpenAsync(runtime, FollowedCase.Actor, cancel);
        await t.LockAsync([id], cancel);
        if ((await CustomerQueries.OfAsync(t.Connection, [id], [], cancel)).FirstOrDefault() is not { } before || before.Survivor != id)
            return new OwnViewResult.Gone();
        await using (var today = t.Connection.CreateBatch())
        {
            today.Add(
                "select count(*)::int from event where chain_id = $1 and actor = $2 and at > $3",
                CustomerTransaction.ChainOf(id),
                FollowedCase.Actor,
                t.Now - Duration.FromDays(1)
            );
            if ((int)(await today.ExecuteScalarAsync(cancel))! >= CustomerAnswers.MostInADay)
                return new OwnViewResult.Refused(OwnViewProblem.TooMuch);
        }

        var data = CustomerRules.Tidy(
            before.Data with
            {
                Emails = First(change.Email, before.Data.Emails),
                Phones = First(change.Phone, before.Data.Phones),
                Addresses = First(change.Address, before.Data.Addresses),
            }
        );
        foreach (var (field, _) in CustomerRules.Check(data, t.Now.InUtc().Date))
        {
            OwnViewProblem? problem = field switch
            {
                "emails" => OwnViewProblem.Email,
                "phones" => OwnViewProblem.Phone,
                "addresses" => OwnViewProblem.Address,
                _ => null,
            };
            if (problem is { } wrong)
                return new OwnViewResult.Refused(wrong);
        }

        var changes = SaveCustomer.Write(t, id, before, data);
        IReadOnlyList<Notice> notices = [];
        if (changes.Count > 0)
        {
            t.Writes.Add(CustomerWords.Keep, (object)new[] { id });
            var told = await WhoIsTold.ReadAsync(runtime.Database, link.Case, null, cancel);
            notices = told.Notices(link.Case, $"The customer changed how to reach them: {data.Name}", string.Join(", ", changes.Select(c => c.Field)));
            t.Writes.BatchCommands.Add(Notify.Command(t.Now, notices));
        }
        else
            t.Record(id, "customer.confirmed", before.Revision, new { what = "contact" });
        await t.CommitAsync(cancel);
        runtime.Changes.Publish(notices.Select(notice => new Change(ChangeKind.Person, notice.Person)));
        return new OwnViewResult.Done();
    }

    private static IReadOnlyList<string> First(string given, IReadOnlyList<string> known) =>
        string.IsNullOrWhiteSpace(given) ? known : [given.Trim(), .. known.Skip(1).Where(one => one != given.Trim())];
}
