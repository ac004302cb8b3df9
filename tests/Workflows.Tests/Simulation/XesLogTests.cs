using System.IO.Compression;
using System.Text;
using NodaTime;
using NodaTime.Text;
using Orchestration.Testing;
using Orchestration.Workflows.Simulation;

namespace Orchestration.Workflows.Tests.Simulation;

/// <summary>Real logs against counts that were made without this product. The logs are no part of the repository.</summary>
public sealed class XesLogTests
{
    [Fact]
    public void The_loan_applications_of_a_bank_have_their_published_figures()
    {
        var log = Read("bpic2012.xes.gz");

        (log.Cases, log.Events, log.Activities, log.Resources, log.Completed).ShouldBe((13_087, 262_200, 24, 68, 164_506));
        (log.Variants.Count, log.VariantsOfAllEvents).ShouldBe((4_336, 4_366));
        log.Variants.Take(3).Select(v => v.Cases).ShouldBe([3_429, 1_872, 271]);
        log.Variants[0].Activities.ShouldBe("A_SUBMITTED\nA_PARTLYSUBMITTED\nA_DECLINED");
        Seconds(LogFigures.Median(log.Durations)).ShouldBe(69_857.434, 0.001);
        log.Durations.Average(Seconds).ShouldBe(745_100.096, 0.001);
        Seconds(log.Durations[^1]).ShouldBe(11_855_936.012, 0.001);
        log.Durations.Count(d => d > Duration.FromHours(14 * 24)).ShouldBe(3_332);
        log.CasesWithRepeats.ShouldBe(7_019);
        log.First.ShouldBe(At("2011-10-01T00:38:44.546+02:00"));
        log.Last.ShouldBe(At("2012-03-14T16:04:54.681+01:00"));
        log.DirectlyFollows.Take(3)
            .ShouldBe([
                (("W_Nabellen offertes", "W_Nabellen offertes"), 13_521),
                (("A_SUBMITTED", "A_PARTLYSUBMITTED"), 13_087),
                (("W_Completeren aanvraag", "W_Completeren aanvraag"), 12_619),
            ]);
        Service(log, "W_Completeren aanvraag").ShouldBe((23_512, 160.4125));
        Service(log, "W_Nabellen offertes").ShouldBe((22_405, 101.102));
        Service(log, "W_Nabellen incomplete dossiers").ShouldBe((11_400, 126.537));
        Service(log, "W_Valideren aanvraag").ShouldBe((7_889, 722.252));
        Service(log, "W_Afhandelen leads").ShouldBe((5_897, 114.568));
        Service(log, "W_Beoordelen fraude").ShouldBe((270, 8.903));
    }

    [Fact]
    public void The_claims_of_two_call_centers_have_their_known_figures()
    {
        var log = Read("teleclaims.xes.gz");

        (log.Cases, log.Events, log.Activities, log.Resources, log.Completed).ShouldBe((3_512, 46_138, 11, 4, 24_825));
        (log.Variants.Count, log.VariantsOfAllEvents).ShouldBe((12, 12));
        log.Variants.Take(3).Select(v => v.Cases).ShouldBe([525, 469, 367]);
        Seconds(LogFigures.Median(log.Durations)).ShouldBe(9_302.5);
        log.Durations.Average(Seconds).ShouldBe(11_115.544, 0.001);
        Seconds(log.Durations[^1]).ShouldBe(40_704);
        log.CasesWithRepeats.ShouldBe(0);
        log.First.ShouldBe(At("1970-01-01T01:00:00+01:00"));
        log.Last.ShouldBe(At("1970-01-01T13:09:18+01:00"));
        log.DirectlyFollows[0].ShouldBe((("determine likelihood of claim", "assess claim"), 2_461));
        Service(log, "assess claim").ShouldBe((2_461, 458));
        Service(log, "advise claimant on reimbursement").ShouldBe((1_976, 123));
        Service(log, "determine likelihood of claim").ShouldBe((2_950, 14));
        log.ServiceOf("no such activity").ShouldBeNull();
    }

    [Theory]
    [InlineData("<notALog/>", "the root element must be <log>")]
    [InlineData("<log><trace><event><string key='org:resource' value='x'/></event></trace></log>", "Event 1 of case 1 has no concept:name")]
    [InlineData("<log><trace><event><string key='concept:name' value='x'/></event></trace></log>", "Event 1 of case 1 has no time:timestamp")]
    [InlineData("<log><trace/><trace><event><date key='time:timestamp' value='soon'/></event></trace></log>", "case 2 has the time 'soon'")]
    [InlineData("<log><trace><event>", "can't be read")]
    [InlineData("<!DOCTYPE x [<!ENTITY a 'b'>]><log/>", "can't be read")]
    public void A_log_that_is_wrong_is_refused_with_the_place(string text, string reason) =>
        Should.Throw<FormatException>(() => XesLog.Read(new MemoryStream(Encoding.UTF8.GetBytes(text))).ToList()).Message.ShouldContain(reason);

    private static LogFigures Read(string name)
    {
        var path = Path.GetFullPath(Path.Combine(Repository.Root, "..", "shared", "logs", name));
        Assert.SkipUnless(File.Exists(path), $"{name} is not beside the repository");
        using var file = File.OpenRead(path);
        using var plain = new GZipStream(file, CompressionMode.Decompress);
        return new(XesLog.Read(plain));
    }

    private static (int, double) Service(LogFigures log, string activity) =>
        log.ServiceOf(activity) is { } times ? (times.Count, Math.Round(Seconds(times.Median), 4)) : (0, 0);

    private static double Seconds(Duration duration) => duration.TotalSeconds;

    private static Instant At(string text) => OffsetDateTimePattern.ExtendedIso.Parse(text).Value.ToInstant();
}
