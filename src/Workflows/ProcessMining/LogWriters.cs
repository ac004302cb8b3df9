using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Xml;
using NodaTime;
using NodaTime.Text;

namespace Orchestration.Workflows.ProcessMining;

/// <summary>Writes parts of XES: the head, some cases, the end.</summary>
internal static class XesWriter
{
    public const string Head = """
        <?xml version="1.0" encoding="UTF-8"?>
        <log xes.version="1849-2016" xes.features="" xmlns="http://www.xes-standard.org/">
        <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
        <extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
        <extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
        <extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
        <classifier name="Activity and transition" keys="concept:name lifecycle:transition"/>

        """;

    public const string End = "</log>\n";

    public static string Cases(IEnumerable<MinedCase> cases)
    {
        var text = new StringBuilder();
        using (var xml = XmlWriter.Create(text, new() { ConformanceLevel = ConformanceLevel.Fragment, OmitXmlDeclaration = true }))
        {
            foreach (var one in cases)
            {
                xml.WriteStartElement("trace");
                Text(xml, "concept:name", one.Reference);
                Text(xml, "journey", one.Journey);
                foreach (var e in one.Events)
                {
                    xml.WriteStartElement("event");
                    Text(xml, "concept:name", e.Activity);
                    Text(xml, "lifecycle:transition", e.Transition);
                    Text(xml, "org:resource", e.Actor);
                    xml.WriteStartElement("date");
                    xml.WriteAttributeString("key", "time:timestamp");
                    xml.WriteAttributeString("value", InstantPattern.ExtendedIso.Format(e.At));
                    xml.WriteEndElement();
                    Text(xml, "action", e.Action);
                    xml.WriteEndElement();
                }

                xml.WriteEndElement();
                xml.WriteRaw("\n");
            }
        }

        return text.ToString();
    }

    private static void Text(XmlWriter xml, string key, string value)
    {
        xml.WriteStartElement("string");
        xml.WriteAttributeString("key", key);
        xml.WriteAttributeString("value", Fit(value));
        xml.WriteEndElement();
    }

    // XML can't hold every character that a title can.
    private static string Fit(string value) =>
        value.All(XmlConvert.IsXmlChar) ? value : string.Concat(value.EnumerateRunes().Where(r => r.Value > 0xFFFF || XmlConvert.IsXmlChar((char)r.Value)));
}

/// <summary>Writes parts of OCEL 2.0: events of all cases, then the objects they are about, then what types there are.</summary>
internal static class OcelWriter
{
    public const string Head = "{\"events\":[\n";
    public const string Between = "\n],\"objects\":[\n";

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly string Always = InstantPattern.ExtendedIso.Format(NodaConstants.UnixEpoch);

    public static string Events(IEnumerable<MinedCase> cases, ref bool isFirst)
    {
        var text = new StringBuilder();
        foreach (var one in cases)
        {
            foreach (var e in one.Events)
            {
                Next(text, ref isFirst);
                text.Append(
                    Object(json =>
                    {
                        json.WriteString("id", $"{one.Id:N}-{e.Sequence.ToString(CultureInfo.InvariantCulture)}");
                        json.WriteString("type", e.Activity);
                        json.WriteString("time", InstantPattern.ExtendedIso.Format(e.At));
                        Attributes(json, null, ("lifecycle", e.Transition), ("action", e.Action));
                        Relationships(
                            json,
                            (CaseId(one), "case"),
                            (CustomerId(one), "customer"),
                            (e.Task is { } task ? TaskId(task) : null, "task"),
                            (PersonId(e.Actor), "by")
                        );
                    })
                );
            }
        }

        return text.ToString();
    }

    public static string Objects(IEnumerable<MinedCase> cases, ref bool isFirst)
    {
        var text = new StringBuilder();
        foreach (var one in cases)
        {
            if (one.IsFirstOfCustomer)
                Add(text, ref isFirst, CustomerId(one), "customer", [], []);
            Add(
                text,
                ref isFirst,
                CaseId(one),
                "case",
                [("journey", one.Journey), ("started", InstantPattern.ExtendedIso.Format(one.StartedAt))],
                [(CustomerId(one), "of")]
            );
            foreach (var task in one.Events.Where(e => e.Task is not null).DistinctBy(e => e.Task))
                Add(text, ref isFirst, TaskId(task.Task!), "task", [("step", task.Activity)], [(CaseId(one), "in")]);
        }

        return text.ToString();
    }

    public static string End(IEnumerable<string> people, IEnumerable<string> activities, ref bool isFirst)
    {
        var text = new StringBuilder();
        foreach (var person in people)
            Add(text, ref isFirst, PersonId(person), "person", [], []);
        text.Append("\n],\"objectTypes\":");
        text.Append(Types([("case", ["journey", "started"]), ("task", ["step"]), ("customer", []), ("person", [])]));
        text.Append(",\"eventTypes\":");
        text.Append(Types([.. activities.Select(activity => (activity, (string[])["lifecycle", "action"]))]));
        return text.Append("}\n").ToString();
    }

    private static string CaseId(MinedCase one) => "case:" + one.Reference;

    private static string CustomerId(MinedCase one) => "customer:" + one.Customer;

    private static string TaskId(string task) => "task:" + task;

    private static string PersonId(string person) => "person:" + person;

    private static void Add(StringBuilder text, ref bool isFirst, string id, string type, (string, string)[] attributes, (string?, string)[] relationships)
    {
        Next(text, ref isFirst);
        text.Append(
            Object(json =>
            {
                json.WriteString("id", id);
                json.WriteString("type", type);
                Attributes(json, Always, attributes);
                Relationships(json, relationships);
            })
        );
    }

    private static string Types(IReadOnlyList<(string Name, string[] Attributes)> types)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Options))
        {
            json.WriteStartArray();
            foreach (var (name, attributes) in types)
            {
                json.WriteStartObject();
                json.WriteString("name", name);
                json.WriteStartArray("attributes");
                foreach (var attribute in attributes)
                {
                    json.WriteStartObject();
                    json.WriteString("name", attribute);
                    json.WriteString("type", attribute == "started" ? "time" : "string");
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static void Attributes(Utf8JsonWriter json, string? time, params ReadOnlySpan<(string Name, string Value)> attributes)
    {
        json.WriteStartArray("attributes");
        foreach (var (name, value) in attributes)
        {
            json.WriteStartObject();
            json.WriteString("name", name);
            json.WriteString("value", value);
            if (time is not null)
                json.WriteString("time", time);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Relationships(Utf8JsonWriter json, params ReadOnlySpan<(string? Object, string Qualifier)> relationships)
    {
        json.WriteStartArray("relationships");
        foreach (var (id, qualifier) in relationships)
        {
            if (id is null)
                continue;
            json.WriteStartObject();
            json.WriteString("objectId", id);
            json.WriteString("qualifier", qualifier);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static string Object(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Options))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static void Next(StringBuilder text, ref bool isFirst)
    {
        if (!isFirst)
            text.Append(",\n");
        isFirst = false;
    }
}

/// <summary>Writes parts of a table.</summary>
internal static class CsvWriter
{
    public const string Head = "case,journey,activity,transition,resource,time,action\n";

    public static string Cases(IEnumerable<MinedCase> cases)
    {
        var text = new StringBuilder();
        foreach (var one in cases)
        {
            foreach (var e in one.Events)
            {
                text.AppendJoin(
                        ',',
                        new[] { one.Reference, one.Journey, e.Activity, e.Transition, e.Actor, InstantPattern.ExtendedIso.Format(e.At), e.Action }.Select(Quote)
                    )
                    .Append('\n');
            }
        }

        return text.ToString();
    }

    // A spreadsheet runs what begins like a formula.
    private static string Quote(string value)
    {
        if (value.Length > 0 && value[0] is '=' or '+' or '-' or '@')
            value = "'" + value;
        return value.AsSpan().ContainsAny(",\"\r\n") ? $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : value;
    }
}
