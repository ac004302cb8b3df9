using NodaTime;
using Orchestration.Workflows.Simulation;

namespace Orchestration.Workflows.Tests.Simulation;

public sealed class OfficeModelTests
{
    private static readonly LocalDate From = new(2026, 3, 2);
    private static readonly Instant Until = Instant.FromUtc(2026, 3, 23, 0, 0);

    [Fact]
    public void The_same_seed_gives_the_same_acts() => Play(1).ShouldBe(Play(1));

    [Fact]
    public void Another_seed_gives_other_acts() => Play(1).ShouldNotBe(Play(2));

    [Fact]
    public void Acts_come_in_order_and_people_do_one_thing_at_a_time_in_their_shifts()
    {
        var model = new OfficeModel(OfficePlan.Demo, From, Until, 3);
        var (last, busy, completed) = (Instant.MinValue, new Dictionary<string, Guid>(), 0);
        var reviews = new HashSet<Guid>();
        foreach (var act in Acts(model))
        {
            act.At.ShouldBeGreaterThanOrEqualTo(last);
            act.At.ShouldBeLessThan(Until);
            last = act.At;
            switch (act)
            {
                case OfficeAct.Claim claim:
                    busy.TryAdd(claim.Person, claim.Task).ShouldBeTrue($"{claim.Person} has a task already");
                    IsIn(claim.Person, claim.At).ShouldBeTrue($"{claim.Person} is not there at {claim.At}");
                    break;
                case OfficeAct.Suspend wait:
                    busy.Remove(wait.Person).ShouldBeTrue();
                    break;
                case OfficeAct.AskReview asks:
                    busy.Remove(asks.Person);
                    asks.Reviewer.ShouldNotBe(asks.Person);
                    reviews.Add(asks.Task).ShouldBeTrue("reviewed twice");
                    break;
                case OfficeAct.Review review:
                    reviews.ShouldContain(review.Task);
                    break;
                case OfficeAct.Complete complete:
                    completed++;
                    busy.Remove(complete.Person);
                    break;
            }
        }

        completed.ShouldBeGreaterThan(300);
        reviews.Count.ShouldBeGreaterThan(5);

        bool IsIn(string person, Instant at) => model.Shifts[person].Any(shift => shift.Contains(at));
    }

    [Fact]
    public void What_someone_begins_is_done_on_the_same_day_but_for_a_few_long_tasks()
    {
        var (begun, done, overnight) = (new Dictionary<Guid, LocalDate>(), 0, 0);
        foreach (var act in Acts(new(OfficePlan.Demo, From, Until, 3)))
        {
            if (act is OfficeAct.Claim claim)
                begun[claim.Task] = DayOf(claim.At);
            else if (act is OfficeAct.Suspend or OfficeAct.AskReview)
                begun.Remove(act is OfficeAct.Suspend wait ? wait.Task : ((OfficeAct.AskReview)act).Task);
            else if (act is OfficeAct.Complete complete && begun.Remove(complete.Task, out var day))
                (done, overnight) = (done + 1, overnight + (day == DayOf(complete.At) ? 0 : 1));
        }

        done.ShouldBeGreaterThan(200);
        overnight.ShouldBeLessThan(done / 50);

        static LocalDate DayOf(Instant at) => at.InZone(OfficePlan.Demo.Zone).Date;
    }

    [Fact]
    public void Whoever_is_refused_a_task_is_not_offered_it_again()
    {
        var model = new OfficeModel(OfficePlan.Demo, From, Until, 4);
        var refused = new HashSet<(string, Guid)>();
        var claims = 0;
        while (model.Next() is { } act)
        {
            if (act is OfficeAct.StartCase start)
                model.Opened(Task(start), start.At);
            if (act is not OfficeAct.Claim claim)
                continue;
            claims++;
            refused.Add((claim.Person, claim.Task)).ShouldBeTrue("offered again");
            model.Refused(claim.Task, claim.Person, claim.At);
        }

        claims.ShouldBeGreaterThan(500);
    }

    [Fact]
    public void Nothing_more_happens_to_a_task_that_someone_else_ended()
    {
        var model = new OfficeModel(OfficePlan.Demo, From, Until, 6);
        var (ended, claims) = (new HashSet<Guid>(), 0);
        while (model.Next() is { } act)
        {
            var task = act switch
            {
                OfficeAct.Claim claim => claim.Task,
                OfficeAct.Complete complete => complete.Task,
                OfficeAct.Suspend wait => wait.Task,
                OfficeAct.Resume resume => resume.Task,
                OfficeAct.AskReview asks => asks.Task,
                OfficeAct.Review review => review.Task,
                _ => (Guid?)null,
            };
            if (task is { } one)
                ended.ShouldNotContain(one, $"{act}");
            if (act is OfficeAct.StartCase start)
                model.Opened(Task(start), start.At);
            if (act is OfficeAct.Claim { Task: var taken } && ++claims % 2 == 0)
            {
                ended.Add(taken);
                model.Ended(taken, act.At);
            }
            else if (act is OfficeAct.Complete done)
            {
                model.Ended(done.Task, done.At);
            }
        }

        ended.Count.ShouldBeGreaterThan(100);
    }

    [Fact]
    public void A_third_of_the_customers_rate_and_what_went_wrong_costs_points()
    {
        var (good, slow, late, broken) = (Ratings(1), Ratings(20), Ratings(1, late: 1), Ratings(1, broken: 1));

        ((double)good.Count / Acts(new(OfficePlan.Demo, From, Until, 7)).Count(act => act is OfficeAct.StartCase)).ShouldBeInRange(0.24, 0.38);
        good.Average(rating => rating.Satisfaction).ShouldBeInRange(4.2, 4.7);
        slow.Average(rating => rating.Satisfaction).ShouldBeInRange(3.2, 3.8);
        late.Average(rating => rating.Satisfaction).ShouldBeInRange(3.1, 3.7);
        broken.Average(rating => rating.Satisfaction).ShouldBeInRange(2.5, 3.1);
        Ratings(1, broken: 1).ShouldBe(broken, "the seed decides");
        good.Count(rating => rating.Comment.Length > 0).ShouldBeInRange(good.Count / 4, good.Count / 2);
        good.ShouldAllBe(rating => rating.Recommend == null || rating.Recommend >= 0 && rating.Recommend <= 10);
    }

    [Fact]
    public void Work_of_people_who_err_more_comes_back_more_often()
    {
        var careless = OfficePlan.Demo with { People = [.. OfficePlan.Demo.People.Select(person => person with { Errors = 6 })] };
        var careful = OfficePlan.Demo with { People = [.. OfficePlan.Demo.People.Select(person => person with { Errors = 0 })] };

        Returns(careful).ShouldBe((0, 0));
        var (returned, rejected) = Returns(careless);
        returned.ShouldBeGreaterThan(20);
        rejected.ShouldBeGreaterThan(2);

        static (int Returned, int Rejected) Returns(OfficeProfile profile)
        {
            var model = new OfficeModel(profile, From, Until, 5);
            var (returned, rejected) = (0, 0);
            while (model.Next() is { } act)
            {
                switch (act)
                {
                    case OfficeAct.StartCase { Journey: "claims" } start:
                        model.Started(start, Id(start.Number));
                        model.Opened(Task(start), start.At);
                        break;
                    case OfficeAct.Complete complete:
                        model.Ended(complete.Task, complete.At);
                        var decide = new Guid(complete.Task.ToString().Replace("0000-0000", "0001-0000", StringComparison.Ordinal));
                        if (decide != complete.Task)
                            model.Opened(
                                new(decide, complete.Task, "claims", "decide", "claims-adjusting", [], [], ["Approve"], complete.At, null),
                                complete.At
                            );
                        break;
                    case OfficeAct.Return back:
                        returned++;
                        model.Ended(back.Task, back.At);
                        break;
                    case OfficeAct.Review review:
                        rejected += review.Approved ? 0 : 1;
                        break;
                }
            }

            return (returned, rejected);
        }
    }

    [Fact]
    public void Each_journey_has_its_own_hours_and_months()
    {
        var mortgages = OfficePlan.Demo.Journeys.Single(journey => journey.Journey == "mortgage-origination") with
        {
            ByHour = [.. Enumerable.Range(0, 24).Select(hour => hour == 10 ? 1.0 : 0)],
            ByMonth = [1, 1, 0, 2, 1, 1, 1, 1, 1, 1, 1, 1],
            PerWeek = 200,
        };
        var arrivals = OfficeArrivals.Of(OfficePlan.Demo with { Journeys = [mortgages] }, new(2026, 3, 16), Instant.FromUtc(2026, 4, 14, 0, 0), 1);

        arrivals.ShouldAllBe(arrival => arrival.At.InZone(OfficePlan.Demo.Zone).Hour == 10 && arrival.At.InZone(OfficePlan.Demo.Zone).Month == 4);
        arrivals.Count.ShouldBeInRange(600, 900, "some two weeks of twice 200");
    }

    [Fact]
    public void More_arrive_in_the_days_of_a_peak()
    {
        var calm = OfficePlan.Demo with { Peaks = [] };
        var stormy = OfficePlan.Demo with { Peaks = [new("claims", 9, 3, 3)] };
        var (usual, more) = (Claims(calm), Claims(stormy));
        more.ShouldBeInRange(usual + 60, usual + 200);

        static int Claims(OfficeProfile profile) => Acts(new(profile, From, Until, 5)).Count(act => act is OfficeAct.StartCase { Journey: "claims" });
    }

    /// <summary>What customers say when each case ends as it begins.</summary>
    private static List<OfficeAct.Rate> Ratings(double days, int late = 0, int broken = 0)
    {
        var model = new OfficeModel(OfficePlan.Demo, From, Until, 7);
        var ratings = new List<OfficeAct.Rate>();
        while (model.Next() is { } act)
        {
            if (act is OfficeAct.StartCase start)
            {
                model.Started(start, Id(start.Number));
                model.Finished(new(Id(start.Number), days, late, broken), start.At);
            }
            else if (act is OfficeAct.Rate rating)
            {
                ratings.Add(rating);
            }
        }

        return ratings;
    }

    private static List<string> Play(int seed) => [.. Acts(new(OfficePlan.Demo, From, Until, seed)).Select(act => $"{act.GetType().Name} {act.At}")];

    /// <summary>An office in which each case is one task.</summary>
    private static IEnumerable<OfficeAct> Acts(OfficeModel model)
    {
        while (model.Next() is { } act)
        {
            yield return act;
            switch (act)
            {
                case OfficeAct.StartCase start:
                    model.Started(start, Id(start.Number));
                    model.Opened(Task(start), start.At);
                    break;
                case OfficeAct.Complete complete:
                    model.Ended(complete.Task, complete.At);
                    break;
                case OfficeAct.Review { Approved: true } approved:
                    model.Ended(approved.Task, approved.At);
                    break;
            }
        }
    }

    private static Guid Id(int number) => new(number + 1, 0, 0, new byte[8]);

    private static OfficeTask Task(OfficeAct.StartCase start)
    {
        var (team, step) = start.Journey switch
        {
            "claims" => ("claims-adjusting", "assess"),
            "complaint" => ("customer-service", "resolve"),
            _ => ("mortgage-processing", "processing"),
        };
        return new(Id(start.Number), Id(start.Number), start.Journey, step, team, [], [], ["Done"], start.At, null);
    }
}
