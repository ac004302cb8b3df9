using System.Xml;
using NodaTime;
using NodaTime.Text;

namespace Orchestration.Workflows.Simulation;

/// <summary>An event of a log.</summary>
/// <param name="Activity">What was done (<c>concept:name</c>).</param>
/// <param name="Transition">What happened to it (<c>lifecycle:transition</c>), in lower case; <c>complete</c> where the log doesn't say.</param>
/// <param name="Resource">Who did it (<c>org:resource</c>), or null.</param>
/// <param name="At">When (<c>time:timestamp</c>).</param>
public sealed record LogEvent(string Activity, string Transition, string? Resource, Instant At)
{
    /// <summary>Whether it ends its activity.</summary>
    public bool IsComplete => Transition == "complete";
}

/// <summary>A case of a log: its events in the order of the file.</summary>
public sealed record LogCase(string? Name, IReadOnlyList<LogEvent> Events);

/// <summary>
/// Reads event logs in XES (IEEE 1849-2016), one case at a time: a log of any size needs the memory of its largest case. Attributes that aren't about what,
/// who and when are skipped.
/// </summary>
public static class XesLog
{
    private static readonly OffsetDateTimePattern Time = OffsetDateTimePattern.ExtendedIso;

    /// <summary>Its cases, in the order of the file.</summary>
    /// <exception cref="FormatException">It isn't XES, or an event lacks its activity or has no time that can be read; the message names case and
    /// event.</exception>
    public static IEnumerable<LogCase> Read(Stream stream)
    {
        using var xml = XmlReader.Create(
            stream,
            new()
            {
                DtdProcessing = DtdProcessing.Prohibit,
                IgnoreComments = true,
                IgnoreWhitespace = true,
            }
        );
        var isLog = false;
        for (var number = 1; MoveTo(xml, ref isLog); number++)
            yield return ReadCase(xml, number);
        if (!isLog)
            throw new FormatException("This is no XES log: the root element must be <log>.");
    }

    private static bool MoveTo(XmlReader xml, ref bool isLog)
    {
        try
        {
            while (xml.NodeType == XmlNodeType.Element && xml.LocalName == "trace" || xml.Read())
            {
                if (xml.NodeType != XmlNodeType.Element)
                    continue;
                if (xml.Depth == 0)
                    isLog = xml.LocalName == "log";
                else if (isLog && xml.LocalName == "trace")
                    return true;
            }

            return false;
        }
        catch (XmlException e)
        {
            throw new FormatException($"The log can't be read: {e.Message}", e);
        }
    }

    private static LogCase ReadCase(XmlReader xml, int number)
    {
        var (name, events) = ((string?)null, new List<LogEvent>());
        try
        {
            using (var trace = xml.ReadSubtree())
            {
                trace.Read();
                while (trace.Read())
                {
                    if (trace.NodeType != XmlNodeType.Element || trace.Depth != 1)
                        continue;
                    if (trace.LocalName == "event")
                        events.Add(ReadEvent(trace, number, events.Count + 1));
                    else if (trace.GetAttribute("key") == "concept:name")
                        name = trace.GetAttribute("value");
                }
            }

            xml.Read();
        }
        catch (XmlException e)
        {
            throw new FormatException($"Case {number} of the log can't be read: {e.Message}", e);
        }

        return new(name, events);
    }

    private static LogEvent ReadEvent(XmlReader trace, int @case, int number)
    {
        var (activity, transition, resource, at) = ((string?)null, "complete", (string?)null, (Instant?)null);
        using var attributes = trace.ReadSubtree();
        attributes.Read();
        while (attributes.Read())
        {
            if (attributes.NodeType != XmlNodeType.Element || attributes.Depth != 1 || attributes.GetAttribute("value") is not { } value)
                continue;
            switch (attributes.GetAttribute("key"))
            {
                case "concept:name":
                    activity = value;
                    break;
                case "lifecycle:transition":
                    transition = value.ToLowerInvariant();
                    break;
                case "org:resource":
                    resource = value;
                    break;
                case "time:timestamp":
                    at = Time.Parse(value) is { Success: true, Value: var read }
                        ? read.ToInstant()
                        : throw new FormatException($"Event {number} of case {@case} has the time '{value}', which isn't an ISO 8601 time with an offset.");
                    break;
            }
        }

        return new(
            activity ?? throw new FormatException($"Event {number} of case {@case} has no concept:name."),
            transition,
            resource,
            at ?? throw new FormatException($"Event {number} of case {@case} has no time:timestamp.")
        );
    }
}
