using System.Globalization;

namespace Orchestration.Engine.Expressions.JavaScript;

/// <summary>A Date: milliseconds since 1970 UTC, or NaN. The local zone of expressions is UTC, as on a server.</summary>
internal sealed class JsDate : JsObject
{
    public JsDate(Realm realm, JsObject prototype, double time) : base(prototype)
    {
        realm.Allocate(80);
        Time = time;
    }

    public double Time { get; set; }
    public override string ClassName => "Date";
}

/// <summary>Date (21.4).</summary>
internal static class DateBuiltins
{
    private const double Day = 86_400_000;
    private static readonly string[] s_days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    private static readonly string[] s_months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    private static readonly string[] s_longMonths = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
    private static readonly string[] s_longDays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

    public static readonly Definition Definition = Define();

    private static Definition Define()
    {
        var prototype = new BuiltinTable();
        foreach (var utc in new[] { "", "UTC" })
        {
            Part(prototype, $"get{utc}FullYear", f => f.Year);
            Part(prototype, $"get{utc}Month", f => f.Month);
            Part(prototype, $"get{utc}Date", f => f.Day);
            Part(prototype, $"get{utc}Day", f => f.WeekDay);
            Part(prototype, $"get{utc}Hours", f => f.Hour);
            Part(prototype, $"get{utc}Minutes", f => f.Minute);
            Part(prototype, $"get{utc}Seconds", f => f.Second);
            Part(prototype, $"get{utc}Milliseconds", f => f.Millisecond);
            Setter(prototype, $"set{utc}FullYear", 3, 0);
            Setter(prototype, $"set{utc}Month", 2, 1);
            Setter(prototype, $"set{utc}Date", 1, 2);
            Setter(prototype, $"set{utc}Hours", 4, 3);
            Setter(prototype, $"set{utc}Minutes", 3, 4);
            Setter(prototype, $"set{utc}Seconds", 2, 5);
            Setter(prototype, $"set{utc}Milliseconds", 1, 6);
        }

        prototype
            .Method("getTime", 0, static (realm, self, _) => This(realm, self).Time)
            .Method("valueOf", 0, static (realm, self, _) => This(realm, self).Time)
            .Method("getTimezoneOffset", 0, static (realm, self, _) => double.IsNaN(This(realm, self).Time) ? double.NaN : 0)
            .Method("getYear", 0, static (realm, self, _) => double.IsNaN(This(realm, self).Time) ? double.NaN : Split(This(realm, self).Time).Year - 1900)
            .Method("setTime", 1, static (realm, self, a) =>
            {
                var date = This(realm, self);
                return date.Time = Clip(Operators.ToNumber(realm, a.At(0)));
            })
            .Method("toISOString", 0, static (realm, self, _) => double.IsNaN(This(realm, self).Time) ? throw realm.RangeError("Invalid time value") : Iso(This(realm, self).Time))
            .Method("toJSON", 1, static (realm, self, _) =>
            {
                var target = Operators.ToObject(realm, self);
                var time = Operators.ToPrimitive(realm, target, "number");
                return time.IsNumber && !double.IsFinite(time.Number) ? JsValue.Null : realm.Callable(target.Get(realm, "toISOString")).Call(realm, target, []);
            })
            .Method("toString", 0, Formatter(f => $"{s_days[f.WeekDay]} {s_months[f.Month]} {f.Day:00} {Year(f.Year)} {f.Hour:00}:{f.Minute:00}:{f.Second:00} GMT+0000 (Coordinated Universal Time)"))
            .Method("toDateString", 0, Formatter(f => $"{s_days[f.WeekDay]} {s_months[f.Month]} {f.Day:00} {Year(f.Year)}"))
            .Method("toTimeString", 0, Formatter(f => $"{f.Hour:00}:{f.Minute:00}:{f.Second:00} GMT+0000 (Coordinated Universal Time)"))
            .Method("toUTCString", 0, Formatter(f => $"{s_days[f.WeekDay]}, {f.Day:00} {s_months[f.Month]} {Year(f.Year)} {f.Hour:00}:{f.Minute:00}:{f.Second:00} GMT"))
            .Method("toGMTString", 0, Formatter(f => $"{s_days[f.WeekDay]}, {f.Day:00} {s_months[f.Month]} {Year(f.Year)} {f.Hour:00}:{f.Minute:00}:{f.Second:00} GMT"))
            .Method("toLocaleDateString", 0, static (realm, self, a) => Localized(realm, self, a.At(1), true, false))
            .Method("toLocaleTimeString", 0, static (realm, self, a) => Localized(realm, self, a.At(1), false, true))
            .Method("toLocaleString", 0, static (realm, self, a) => Localized(realm, self, a.At(1), true, true))
            .Method(Symbol.ToPrimitive, 1, static (realm, self, a) =>
            {
                var target = self.AsObject ?? throw realm.TypeError("Date.prototype[Symbol.toPrimitive] called on non-object");
                var hint = a.At(0).IsString ? realm.Text(a[0]) : "";
                if (hint is not ("default" or "string" or "number"))
                    throw realm.TypeError("Invalid hint");
                for (var i = 0; i < 2; i++)
                {
                    var name = hint == "number" == (i == 0) ? "valueOf" : "toString";
                    if (target.Get(realm, name).AsFunction is { } method && method.Call(realm, self, []) is { IsObject: false } result)
                        return result;
                }

                throw realm.TypeError("Cannot convert object to primitive value");
            }, PropertyFlags.Configurable);

        return new Definition("Date", 7, static (realm, _, _) => Formatted(realm, Now(realm)), static (realm, a, target) => new JsDate(realm, realm.PrototypeFor(target, realm.Intrinsic("DatePrototype")), a.Length switch
        {
            0 => Now(realm),
            1 => FromValue(realm, a[0]),
            _ => FromParts(realm, a),
        }), prototype, new BuiltinTable()
            .Method("now", 0, static (realm, _, _) => Now(realm))
            .Method("parse", 1, static (realm, _, a) => Parse(Operators.ToText(realm, a.At(0))))
            .Method("UTC", 7, static (realm, _, a) => FromParts(realm, a)));
    }

    private readonly record struct Fields(double Year, int Month, int Day, int Hour, int Minute, int Second, int Millisecond, int WeekDay);

    private static void Part(BuiltinTable table, string name, Func<Fields, double> part) => table.Method(name, 0, (realm, self, _) =>
    {
        var time = This(realm, self).Time;
        return double.IsNaN(time) ? double.NaN : part(Split(time));
    });

    /// <summary>A setter of the field <paramref name="first"/> and, if given, those after it.</summary>
    private static void Setter(BuiltinTable table, string name, int count, int first) => table.Method(name, count, (realm, self, a) =>
    {
        var date = This(realm, self);
        var given = new double[Math.Clamp(a.Length, 1, count)];
        for (var i = 0; i < given.Length; i++)
            given[i] = Operators.ToNumber(realm, a.At(i));
        if (double.IsNaN(date.Time) && first != 0)
            return double.NaN;
        var f = Split(double.IsNaN(date.Time) ? 0 : date.Time);
        double[] parts = [f.Year, f.Month, f.Day, f.Hour, f.Minute, f.Second, f.Millisecond];
        given.CopyTo(parts, first);
        return date.Time = Clip(Make(parts));
    });

    private static NativeCode Formatter(Func<Fields, FormattableString> format) => (realm, self, _) =>
    {
        var time = This(realm, self).Time;
        return double.IsNaN(time) ? "Invalid Date" : realm.NewString(format(Split(time)).ToString(CultureInfo.InvariantCulture));
    };

    private static JsValue Formatted(Realm realm, double time) => realm.Callable(realm.Intrinsic("DatePrototype").Get(realm, "toString")).Call(realm, new JsDate(realm, realm.Intrinsic("DatePrototype"), time), []);

    private static string Year(double year) => (year < 0 ? "-" : "") + Math.Abs(year).ToString("0000", CultureInfo.InvariantCulture);

    private static JsDate This(Realm realm, JsValue self) => self.Ref as JsDate ?? throw realm.TypeError("this is not a Date object.");

    private static double Now(Realm realm) => realm.Scope.Now.ToUnixTimeMilliseconds();

    private static double Clip(double time) => double.IsFinite(time) && Math.Abs(time) <= 8.64e15 ? Math.Truncate(time) + 0.0 : double.NaN;

    private static double FromValue(Realm realm, JsValue value)
    {
        if (value.Ref is JsDate other)
            return other.Time;
        var primitive = Operators.ToPrimitive(realm, value);
        return primitive.IsString ? Parse(realm.Text(primitive)) : Clip(Operators.ToNumber(realm, primitive));
    }

    private static double FromParts(Realm realm, ReadOnlySpan<JsValue> a)
    {
        double[] parts = [double.NaN, 0, 1, 0, 0, 0, 0];
        for (var i = 0; i < Math.Min(a.Length, 7); i++)
            parts[i] = Operators.ToNumber(realm, a[i]);
        var year = Math.Truncate(parts[0]);
        if (year is >= 0 and <= 99)
            parts[0] = 1900 + year;
        return Clip(Make(parts));
    }

    /// <summary>MakeDate of fields that may be out of range.</summary>
    private static double Make(double[] parts)
    {
        if (Array.Exists(parts, p => !double.IsFinite(p)))
            return double.NaN;
        for (var i = 0; i < parts.Length; i++)
            parts[i] = Math.Truncate(parts[i]);
        var year = parts[0] + Math.Floor(parts[1] / 12);
        if (Math.Abs(year) > 400_000)
            return double.NaN;
        var month = (int)(((parts[1] % 12) + 12) % 12);
        return (DaysFromCivil(year, month + 1, 1) + parts[2] - 1) * Day + parts[3] * 3_600_000 + parts[4] * 60_000 + parts[5] * 1000 + parts[6];
    }

    /// <summary>Days since 1970-01-01 in the proleptic Gregorian calendar (the year counted from March, 400-year eras).</summary>
    private static double DaysFromCivil(double year, int month, int day)
    {
        year -= month <= 2 ? 1 : 0;
        var era = Math.Floor(year / 400);
        var yearOfEra = year - era * 400;
        var dayOfYear = Math.Floor((153.0 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
        return era * 146097 + yearOfEra * 365 + Math.Floor(yearOfEra / 4) - Math.Floor(yearOfEra / 100) + dayOfYear - 719468;
    }

    private static Fields Split(double time)
    {
        var days = Math.Floor(time / Day);
        var rest = time - days * Day;
        var z = days + 719468;
        var era = Math.Floor(z / 146097);
        var dayOfEra = z - era * 146097;
        var yearOfEra = Math.Floor((dayOfEra - Math.Floor(dayOfEra / 1460) + Math.Floor(dayOfEra / 36524) - Math.Floor(dayOfEra / 146096)) / 365);
        var dayOfYear = dayOfEra - (365 * yearOfEra + Math.Floor(yearOfEra / 4) - Math.Floor(yearOfEra / 100));
        var mp = Math.Floor((5 * dayOfYear + 2) / 153);
        var month = (int)(mp < 10 ? mp + 3 : mp - 9);
        return new Fields(
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month - 1, (int)(dayOfYear - Math.Floor((153 * mp + 2) / 5) + 1),
            (int)(rest / 3_600_000), (int)(rest / 60_000 % 60), (int)(rest / 1000 % 60), (int)(rest % 1000), (int)((((days + 4) % 7) + 7) % 7));
    }

    private static string Iso(double time)
    {
        var f = Split(time);
        var year = f.Year is >= 0 and <= 9999 ? f.Year.ToString("0000", CultureInfo.InvariantCulture) : (f.Year < 0 ? "-" : "+") + Math.Abs(f.Year).ToString("000000", CultureInfo.InvariantCulture);
        return string.Create(CultureInfo.InvariantCulture, $"{year}-{f.Month + 1:00}-{f.Day:00}T{f.Hour:00}:{f.Minute:00}:{f.Second:00}.{f.Millisecond:000}Z");
    }

    private static double Parse(string text)
    {
        if (TryParseIso(text, out var time))
            return time;
        text = text.Trim();

        // Other forms: what toString and toUTCString write, and the common ones people write. No zone means UTC, the zone of expressions.
        var parenthesis = text.IndexOf('(', StringComparison.Ordinal);
        if (parenthesis > 0)
            text = text[..parenthesis].TrimEnd();
        text = text.Replace("GMT+", "+", StringComparison.Ordinal).Replace("GMT-", "-", StringComparison.Ordinal).Replace("UTC", "GMT", StringComparison.Ordinal);
        if (text.EndsWith("GMT", StringComparison.Ordinal))
            text = text[..^3].TrimEnd() + " Z";
        return text.Any(char.IsAsciiDigit) && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var parsed) ? parsed.ToUnixTimeMilliseconds() : double.NaN;
    }

    private static bool TryParseIso(string text, out double time)
    {
        time = double.NaN;
        var at = 0;
        int? Number(int digits)
        {
            if (at + digits > text.Length || !int.TryParse(text.AsSpan(at, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var value))
                return null;
            at += digits;
            return value;
        }

        bool Take(char c)
        {
            if (at >= text.Length || text[at] != c)
                return false;
            at++;
            return true;
        }

        var sign = Take('+') ? 1 : Take('-') ? -1 : 0;
        if (Number(sign == 0 ? 4 : 6) is not { } year || sign < 0 && year == 0)
            return false;
        year = sign < 0 ? -year : year;
        int month = 1, day = 1, hour = 0, minute = 0, second = 0;
        double millisecond = 0;
        var offset = 0;
        if (Take('-'))
        {
            if (Number(2) is not { } m)
                return false;
            month = m;
            if (Take('-'))
            {
                if (Number(2) is not { } d)
                    return false;
                day = d;
            }
        }

        if (Take('T') || Take('t') || at < text.Length - 4 && Take(' '))
        {
            if (Number(2) is not { } h || !Take(':') || Number(2) is not { } mi)
                return false;
            (hour, minute) = (h, mi);
            if (Take(':'))
            {
                if (Number(2) is not { } s)
                    return false;
                second = s;
                if (Take('.') || Take(','))
                {
                    var start = at;
                    while (at < text.Length && char.IsAsciiDigit(text[at]))
                        at++;
                    if (at == start)
                        return false;
                    millisecond = Math.Floor(double.Parse("0." + text[start..at], CultureInfo.InvariantCulture) * 1000 + 1e-9);
                }
            }

            if (!Take('Z') && !Take('z') && at < text.Length)
            {
                var direction = Take('+') ? 1 : Take('-') ? -1 : 0;
                if (direction == 0 || Number(2) is not { } oh)
                    return false;
                Take(':');
                if (Number(2) is not { } om)
                    return false;
                offset = direction * (oh * 60 + om);
            }
        }

        if (at != text.Length || month is < 1 or > 12 || day < 1 || hour > 24 || minute > 59 || second > 59 || hour == 24 && (minute > 0 || second > 0 || millisecond > 0))
            return false;
        if (day > DaysFromCivil(month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1, 1) - DaysFromCivil(year, month, 1))
            return false;
        time = Clip(Make([year, month - 1, day, hour, minute - offset, second, millisecond]));
        return true;
    }

    /// <summary>As an en-US browser in UTC shows it; of the options the usual parts are understood.</summary>
    private static JsValue Localized(Realm realm, JsValue self, JsValue options, bool date, bool time)
    {
        var value = This(realm, self).Time;
        if (double.IsNaN(value))
            return "Invalid Date";
        var f = Split(value);
        var o = options.AsObject;
        string? Option(string name) => o?.Get(realm, name) is { IsUndefined: false } given ? Operators.ToText(realm, given) : null;
        var (weekday, year, month, day) = (Option("weekday"), Option("year"), Option("month"), Option("day"));
        var (hour, minute, second) = (Option("hour"), Option("minute"), Option("second"));
        var any = weekday ?? year ?? month ?? day ?? hour ?? minute ?? second;
        if (any is null)
        {
            if (date)
                (year, month, day) = ("numeric", "numeric", "numeric");
            if (time)
                (hour, minute, second) = ("numeric", "2-digit", "2-digit");
        }

        static string Number(double number, string? style) => number.ToString(style == "2-digit" ? "00" : "0", CultureInfo.InvariantCulture);
        var parts = new List<string>();
        var yearText = year is null ? null : year == "2-digit" ? Number(f.Year % 100, year) : Number(f.Year, null);
        if (month is "long" or "short" or "narrow")
        {
            var name = month == "long" ? s_longMonths[f.Month] : month == "short" ? s_months[f.Month] : s_months[f.Month][..1];
            parts.Add(day is null ? name : $"{name} {Number(f.Day, day)}");
            if (yearText is not null)
                parts[0] += (day is null ? " " : ", ") + yearText;
        }
        else
        {
            var numbers = new List<string>();
            if (month is not null)
                numbers.Add(Number(f.Month + 1, month));
            if (day is not null)
                numbers.Add(Number(f.Day, day));
            if (yearText is not null)
                numbers.Add(yearText);
            if (numbers.Count > 0)
                parts.Add(string.Join('/', numbers));
        }

        if (weekday is not null)
            parts.Insert(0, weekday == "long" ? s_longDays[f.WeekDay] : s_days[f.WeekDay]);
        if (hour is not null || minute is not null || second is not null)
        {
            var twelve = o is null || o.Get(realm, "hour12") is not { IsUndefined: false } given || Operators.ToBoolean(given);
            var clock = hour is null ? "" : Number(twelve ? (f.Hour + 11) % 12 + 1 : f.Hour, twelve ? hour : "2-digit");
            if (minute is not null)
                clock += (clock.Length > 0 ? ":" : "") + Number(f.Minute, hour is null ? minute : "2-digit");
            if (second is not null)
                clock += (clock.Length > 0 ? ":" : "") + Number(f.Second, minute is null ? second : "2-digit");
            parts.Add(hour is not null && twelve ? clock + (f.Hour < 12 ? " AM" : " PM") : clock);
        }

        return realm.NewString(string.Join(", ", parts));
    }
}
