using System.Globalization;
using Orchestration.Host.Shell.Parts;
using Orchestration.Workflows.Performance;

namespace Orchestration.Host.Performance;

/// <summary>Figures in words.</summary>
internal static class KpiText
{
    private static readonly CultureInfo English = CultureInfo.InvariantCulture;

    /// <summary>“3 h 10 min”, “92%”, “1,204”; a dash for nothing.</summary>
    public static string Of(KpiUnit unit, double? value) =>
        value is not { } v
            ? "–"
            : unit switch
            {
                KpiUnit.Duration => Duration(v),
                KpiUnit.Share => Words.Percent(v),
                KpiUnit.Number => v.ToString("0.0", English),
                _ => v.ToString("N0", English),
            };

    public static string Of(Kpi kpi, KpiValue value) => Of(kpi.Unit, value.Value);

    /// <summary>How sure it is: “88–95%”; null when there is no interval.</summary>
    public static string? Interval(Kpi kpi, KpiValue value) =>
        value is not { Low: { } low, High: { } high } ? null
        : kpi.Unit == KpiUnit.Share ? $"{(low * 100).ToString("0", English)}–{(high * 100).ToString("0", English)}%"
        : $"{Of(kpi.Unit, low)} – {Of(kpi.Unit, high)}";

    public static string Duration(double seconds) =>
        seconds < 1 ? "0 min"
        : seconds < 60 ? "< 1 min"
        : seconds < 3600 ? $"{(seconds / 60).ToString("0", English)} min"
        : seconds < 36_000 ? $"{((int)Math.Round(seconds / 60) / 60).ToString(English)} h {((int)Math.Round(seconds / 60) % 60).ToString(English)} min"
        : seconds < 172_800 ? $"{(seconds / 3600).ToString("0", English)} h"
        : $"{(seconds / 86_400).ToString("0.0", English)} days";

    public static string? Class(KpiLight light) =>
        light switch
        {
            KpiLight.Good => "good",
            KpiLight.Fair => "fair",
            KpiLight.Poor => "poor",
            _ => null,
        };

    public static string? Word(KpiLight light) =>
        light switch
        {
            KpiLight.Good => "on target",
            KpiLight.Fair => "close to target",
            KpiLight.Poor => "off target",
            _ => null,
        };

    /// <summary>Whether a figure is of too few to judge.</summary>
    public static bool IsFew(Kpi kpi, KpiValue value) => kpi.Unit != KpiUnit.Count && !value.IsEnough;

    /// <summary>“1,204 counted”, “5: too few to judge”.</summary>
    public static string Counted(KpiValue value) => value.IsEnough ? $"{value.Samples:N0} counted" : $"{value.Samples:N0}: too few to judge";

    public static string Raw(double? value) => value?.ToString("R", English) ?? "";
}
