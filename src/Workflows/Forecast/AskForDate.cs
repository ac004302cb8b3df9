using System.Globalization;
using NodaTime;
using Orchestration.Engine.Runtime;
using Orchestration.Engine.Storage;
using Orchestration.Workflows.Escalation;
using Orchestration.Workflows.Notifications;
using Orchestration.Workflows.OwnView;
using Orchestration.Workflows.People;

namespace Orchestration.Workflows.Forecast;

/// <summary>
/// Asks a customer whether a promise may be kept later. A customer who follows the case reads the question in their own view; and whoever made the promise is
/// told to ask them, or the front office if they are gone. The promise stays as it is until someone says that the customer agreed.
/// </summary>
internal static class AskForDate
{
    /// <summary>Most people of the front office who are told.</summary>
    private const int MostTold = 20;

    /// <summary>Asks.</summary>
    /// <param name="clock">The promise.</param>
    /// <param name="due">The later date.</param>
    /// <param name="zone">Zone in which the customer reads dates.</param>
    /// <param name="applied">What is kept of the fix.</param>
    public static async Task<PromiseResult> RunAsync(
        WorkflowRuntime runtime,
        ClockFacts clock,
        Instant due,
        DateTimeZone zone,
        AppliedFix applied,
        Person actor,
        CancellationToken cancel
    )
    {
        await using var t = await InstanceTransaction.OpenAsync(
            runtime,
            actor.UserName,
            ("$1", clock.Case),
            reads:
            [
                Sql.Command(
                    """
                    select k.name, coalesce(l.language, s.languages[1], 'en'), case when l.id is not null then s.id end, s.name,
                        case when not exists (select from sensitive_customer x join customer d on d.id = x.customer_id where d.survivor = s.id)
                            then s.phones[1] end
                    from sla_clock k join journey_case c on c.id = k.instance_id left join customer m on m.number = c.customer_id
                        left join customer s on s.id = m.survivor
                        left join lateral (select o.id, o.language from own_view_link o where o.case_id = c.id and o.revoked_at is null and o.expires_at > $2
                            order by o.created_at desc limit 1) l on true
                    where k.id = $1 and k.kind = 'promise' and k.status = 'Running' and not k.breached and c.test_by is null
                    """,
                    clock.Id,
                    runtime.Clock.Now()
                ),
                Sql.Command(
                    $"""
                    select p.id from person p join promise m on m.made_by = p.user_name where m.clock_id = $1 and p.active
                    union
                    (select p.id from person p where p.active and {PermissionHolders.FrontOffice("p")}
                        and not exists (select from promise m join person q on q.user_name = m.made_by where m.clock_id = $1 and q.active)
                        order by p.user_name limit $2)
                    """,
                    clock.Id,
                    MostTold
                ),
            ],
            moves: false,
            cancel: cancel
        );
        await t.NextResultAsync(cancel);
        if (t.InstanceId is null || !await t.Reads.ReadAsync(cancel))
            return new PromiseResult.Ended();
        var (title, language, reader) = (t.Reads.GetString(0), t.Reads.GetString(1), t.Reads.GuidOrNull(2));
        var (customer, phone) = (t.Reads.Text(3), t.Reads.Text(4));
        await t.NextResultAsync(cancel);
        var told = new List<Guid>();
        while (await t.Reads.ReadAsync(cancel))
            told.Add(t.Reads.GetGuid(0));
        await t.DoneReadingAsync();

        if (reader is { } follows)
            WriteToCustomer.Write(t, follows, null, null, Question(title, due.InZone(zone).Date, language));
        foreach (var person in told)
            Notify.Write(
                t,
                person,
                NotificationKinds.DateAsked,
                $"Ask {customer ?? "the customer"} for a later date: {title}",
                $"It will probably be late. Ask whether {Day(due.InZone(zone).Date, "en")} is all right"
                    + (reader is null ? "" : " (the question is in their own view, too)")
                    + (phone is null ? "." : $", phone {phone}.")
                    + $" Then tell {actor.DisplayName}.",
                null
            );
        applied.WriteTo(t);
        t.Announce(new(ChangeKind.Instance, clock.Case));
        await t.CommitAsync(cancel);
        return new PromiseResult.Done(clock.Id);
    }

    private static string Question(string title, LocalDate day, string language) =>
        language.StartsWith("de", StringComparison.OrdinalIgnoreCase)
            ? $"Wir brauchen leider länger als zugesagt: {title}. Ist Ihnen auch der {Day(day, "de")} recht? Antworten Sie uns hier oder rufen Sie uns an."
            : $"We need longer than we promised: {title}. Is {Day(day, "en")} all right for you, too? Answer us here, or call us.";

    private static string Day(LocalDate day, string language) =>
        language == "de" ? day.ToString("d.M.uuuu", CultureInfo.InvariantCulture) : day.ToString("dddd, d MMMM uuuu", CultureInfo.InvariantCulture);
}
