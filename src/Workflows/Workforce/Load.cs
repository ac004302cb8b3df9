namespace Orchestration.Workflows.Workforce;

/// <summary>
/// How much work people have, in weight, as SQL: the one place that says what counts. A task counts for the owner while it is reserved or in progress, and
/// while it is suspended if its step says so; while it is in review it counts for the reviewer. An open offer counts as if it were accepted. Test cases
/// don't count.
/// </summary>
public static class Load
{
    /// <summary>Weight of live work that people can have at a time when nobody set theirs.</summary>
    public const int DefaultLive = 100;

    /// <summary>Weight of deferred work that people can have at a time when nobody set theirs.</summary>
    public const int DefaultDeferred = 100;

    /// <summary>
    /// The load and capacity of a person, for <c>cross join lateral … load</c>: one row with <c>live</c>, <c>deferred</c>, <c>live_capacity</c> and
    /// <c>deferred_capacity</c>.
    /// </summary>
    /// <param name="person">SQL of their id.</param>
    public static string Of(string person) =>
        $"""
            (select coalesce(sum(w.weight) filter (where w.work_kind = 'live'), 0)::int live,
                coalesce(sum(w.weight) filter (where w.work_kind = 'deferred'), 0)::int deferred,
                coalesce((select c.live from person_capacity c where c.person_id = {person}), {DefaultLive}) live_capacity,
                coalesce((select c.deferred from person_capacity c where c.person_id = {person}), {DefaultDeferred}) deferred_capacity
            from (
                select k.work_kind, k.weight from task k where k.owner_id = {person} and k.ended_at is null and k.test_by is null and {CountsForOwner("k")}
                union all
                select k.work_kind, k.weight from task k
                    where k.reviewer_id = {person} and k.ended_at is null and k.test_by is null and k.state = 'InReview'
                union all
                select o.work_kind, o.weight from task_offer o where o.person_id = {person} and o.state = 'Open') w)
            """;

    /// <summary>
    /// Minutes that a person has spent on live work since a time, pauses included: what they ended, and what they have or are offered, for which at least its
    /// expected effort counts.
    /// </summary>
    /// <param name="person">SQL of their id.</param>
    /// <param name="since">SQL of the time.</param>
    /// <param name="now">SQL of the time that is now.</param>
    public static string LiveMinutes(string person, string since, string now)
    {
        // Someone who only claims and completes has no start before the end.
        const string begun = "coalesce(case when k.started_at < k.ended_at then k.started_at end, k.claimed_at, k.ended_at)";
        return $"""
            (select coalesce(sum(w.minutes), 0)::float8 from (
                select extract(epoch from k.ended_at - greatest({begun}, {since})) / 60 minutes from task k
                    where k.owner_id = {person} and k.work_kind = 'live' and k.test_by is null and k.ended_at > {since}
                union all
                select greatest(extract(epoch from {now} - greatest(coalesce(k.started_at, k.claimed_at, {now}), {since})) / 60, k.effort) from task k
                    where k.owner_id = {person} and k.work_kind = 'live' and k.test_by is null and k.ended_at is null and {CountsForOwner("k")}
                union all
                select k.effort from task_offer o join task k on k.id = o.task_id
                    where o.person_id = {person} and o.state = 'Open' and o.work_kind = 'live') w)
            """;
    }

    /// <summary>Id of the person for whom a row of <c>task</c> counts; null: it counts for no one.</summary>
    public static string HolderOf(string alias) =>
        $"case when {alias}.state = 'InReview' then {alias}.reviewer_id when {CountsForOwner(alias)} then {alias}.owner_id end";

    private static string CountsForOwner(string alias) =>
        $"({alias}.state in ('Reserved', 'InProgress') or {alias}.state = 'Suspended' and {alias}.suspended_counts)";
}
