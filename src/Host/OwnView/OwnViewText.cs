using System.Text.Json;
using Microsoft.AspNetCore.Http.Headers;
using NodaTime;
using NodaTime.Text;
using Orchestration.Host.Facts;
using Orchestration.Workflows.Facts;
using Orchestration.Workflows.OwnView;

namespace Orchestration.Host.OwnView;

/// <summary>
/// Every text of the customer's own view, in both languages side by side. What a journey says about itself is in its definition
/// (<see cref="CustomerStages"/>).
/// </summary>
public sealed class OwnViewText(string language, DateTimeZone zone)
{
    private static readonly string[] EnglishDays = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    private static readonly string[] GermanDays = ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"];

    private static readonly string[] EnglishMonths =
    [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];

    private static readonly string[] GermanMonths =
    [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ];

    /// <summary><c>en</c> or <c>de</c>.</summary>
    public string Language => language;

    /// <summary>The language that isn't shown, and its own name.</summary>
    public (string Code, string Name) Other => IsGerman ? ("en", "English") : ("de", "Deutsch");

    public string Skip => T("Skip to content", "Zum Inhalt springen");
    public string YourCase => T("Your case", "Ihr Vorgang");
    public string Reference => T("Reference", "Vorgangsnummer");
    public string Started => T("Started", "Begonnen");
    public string Languages => T("Language", "Sprache");

    public string WhereItIs => T("Where it is", "Wo Ihr Vorgang steht");
    public string Steps => T("Steps", "Schritte");
    public string Done => T("Done", "Erledigt");
    public string Now => T("Now", "Jetzt");
    public string Next => T("Next", "Danach");

    public string Ended(string day) => T($"Your case was closed on {day}.", $"Ihr Vorgang wurde am {day} abgeschlossen.");

    public string With(string? name, string? team) =>
        (name, team) switch
        {
            (null, null) => "",
            (null, _) => T($"With our team {team}", $"Bei unserem Team {team}"),
            (_, null) => T($"{name} is looking after it", $"{name} kümmert sich darum"),
            _ => T($"{name} from {team} is looking after it", $"{name} aus dem Team {team} kümmert sich darum"),
        };

    public string NextDate => T("Next date", "Nächster Termin");
    public string Dates => T("Dates", "Termine");
    public string WeAnswerBy => T("You hear from us by then", "Bis dahin hören Sie von uns");
    public string NoDate => T("There is no fixed date at the moment.", "Im Moment gibt es keinen festen Termin.");

    public string WeNeed => T("We need something from you", "Wir brauchen etwas von Ihnen");
    public string WeNeedUsual =>
        T(
            "To go on, we need an answer or a document from you. Write to us or send it here.",
            "Damit es weitergeht, brauchen wir eine Antwort oder ein Dokument von Ihnen. Schreiben Sie uns oder senden Sie es hier."
        );

    public string NeedUntil(string day) => T($"Until {day}", $"Bis {day}");

    public string YourAnswer => T("Your answer", "Ihre Antwort");
    public string ThatIsAll => T("This is everything you asked for, so you can go on", "Das ist alles, worum Sie gebeten haben. Es kann weitergehen");
    public string SendAnswer => T("Send answer", "Antwort senden");

    public string Known => T("What we have noted", "Was wir festgehalten haben");
    public string Yes => T("Yes", "Ja");
    public string No => T("No", "Nein");

    public string Messages => T("Messages", "Nachrichten");
    public string NoMessages =>
        T("No messages yet. Write to us whenever you have a question.", "Noch keine Nachrichten. Schreiben Sie uns, wenn Sie eine Frage haben.");
    public string You => T("You", "Sie");
    public string Us => T("Us", "Wir");
    public string YourMessage => T("Your message", "Ihre Nachricht");
    public string Documents => T("Documents (optional)", "Dokumente (freiwillig)");
    public string DocumentsHint =>
        T("Up to 5 files of 10 MB each: PDF, pictures, Word, Excel or text", "Bis zu 5 Dateien mit je 10 MB: PDF, Bilder, Word, Excel oder Text");
    public string Send => T("Send", "Senden");
    public string SentDocuments => T("Documents you have sent", "Dokumente, die Sie gesendet haben");

    public string Contact => T("How we reach you", "Wie wir Sie erreichen");
    public string ContactHint => T("For your protection we show only part of it.", "Zu Ihrem Schutz zeigen wir nur einen Teil.");
    public string Email => T("Email", "E-Mail");
    public string Phone => T("Phone", "Telefon");
    public string Address => T("Postal address", "Postanschrift");
    public string Unknown => T("Not known", "Nicht bekannt");
    public string IsRight => T("All of this is right", "Alles ist richtig");
    public string Change => T("Change it", "Ändern");
    public string NewEmail => T("New email address", "Neue E-Mail-Adresse");
    public string NewPhone => T("New phone number", "Neue Telefonnummer");
    public string NewAddress => T("New postal address", "Neue Postanschrift");
    public string ChangeHint => T("Leave empty what hasn't changed.", "Lassen Sie leer, was sich nicht geändert hat.");
    public string SaveChanges => T("Save changes", "Änderungen speichern");

    public string RateIntro => T("Tell us how we did. It takes a minute.", "Sagen Sie uns, wie zufrieden Sie sind. Es dauert nur eine Minute.");
    public string RateTitle => T("How did we do?", "Wie zufrieden sind Sie?");
    public string RateAgain => T("Your rating", "Ihre Bewertung");
    public string Satisfaction =>
        T("How satisfied are you with how we handled your case?", "Wie zufrieden sind Sie damit, wie wir Ihren Vorgang bearbeitet haben?");

    public string SatisfactionOf(int score) =>
        score switch
        {
            1 => T("Very dissatisfied", "Sehr unzufrieden"),
            2 => T("Dissatisfied", "Unzufrieden"),
            3 => T("Neither", "Teils, teils"),
            4 => T("Satisfied", "Zufrieden"),
            _ => T("Very satisfied", "Sehr zufrieden"),
        };

    public string Recommend => T("How likely are you to recommend us? (optional)", "Wie wahrscheinlich empfehlen Sie uns weiter? (freiwillig)");
    public string RecommendEnds => T("0 is not at all likely, 10 is very likely", "0 heißt gar nicht, 10 heißt sehr wahrscheinlich");
    public string RateComment => T("What would you like to tell us? (optional)", "Was möchten Sie uns sagen? (freiwillig)");
    public string SendRating => T("Send rating", "Bewertung senden");
    public string ChangeRating => T("Change rating", "Bewertung ändern");

    public string BirthTitle => T("Is it you?", "Sind Sie es?");
    public string BirthText => T("Enter your date of birth to see your case.", "Geben Sie Ihr Geburtsdatum ein, um Ihren Vorgang zu sehen.");
    public string BirthDate => T("Date of birth", "Geburtsdatum");
    public string Day => T("Day", "Tag");
    public string Month => T("Month", "Monat");
    public string Year => T("Year", "Jahr");
    public string Open => T("Open", "Öffnen");
    public string BirthWrong =>
        T(
            "We couldn't confirm it. Check the date and try again; after several attempts, wait a while.",
            "Das konnten wir nicht bestätigen. Prüfen Sie das Datum und versuchen Sie es noch einmal. Nach mehreren Versuchen warten Sie eine Weile."
        );

    public string GoneTitle => T("This page isn't available", "Diese Seite gibt es nicht");
    public string GoneText =>
        T(
            "The link may be mistyped, or it works no more. Call us or write to us, and we will send you a new one.",
            "Vielleicht ist der Link falsch geschrieben oder er gilt nicht mehr. Rufen Sie uns an oder schreiben Sie uns, dann senden wir Ihnen einen neuen."
        );
    public string StaleTitle => T("This page was open for too long", "Die Seite war zu lange geöffnet");
    public string StaleText =>
        T(
            "Nothing was sent. Open your link again and send it once more.",
            "Es wurde nichts gesendet. Öffnen Sie Ihren Link noch einmal und senden Sie es erneut."
        );
    public string TooLargeTitle => T("The documents are too large", "Die Dokumente sind zu groß");

    public string TooLargeText(int files, int megabytes) =>
        T(
            $"Nothing was sent. Send at most {files} documents of up to {megabytes} MB each at a time.",
            $"Es wurde nichts gesendet. Senden Sie höchstens {files} Dokumente mit je bis zu {megabytes} MB auf einmal."
        );

    public string FailedTitle => T("Something went wrong", "Da ist etwas schiefgegangen");
    public string FailedText =>
        T("Nothing was sent. Try again in a few minutes.", "Es wurde nichts gesendet. Versuchen Sie es in ein paar Minuten noch einmal.");
    public string BusyTitle => T("Too many requests", "Zu viele Anfragen");
    public string BusyText => T("Wait a minute and open the page again.", "Warten Sie eine Minute und öffnen Sie die Seite noch einmal.");

    public string Valid(string day) =>
        T(
            $"This page is yours alone. Don't pass on its address. It works until {day}.",
            $"Diese Seite ist nur für Sie. Geben Sie ihre Adresse nicht weiter. Sie gilt bis {day}."
        );

    /// <summary>What was done, or null.</summary>
    public string? Told(string? what) =>
        what switch
        {
            "sent" => T("Thank you. We have received it.", "Vielen Dank. Wir haben es erhalten."),
            "contact" => T("Thank you. We have noted how to reach you.", "Vielen Dank. Wir haben Ihre Kontaktdaten vermerkt."),
            "rated" => T("Thank you for your rating.", "Vielen Dank für Ihre Bewertung."),
            _ => null,
        };

    /// <summary>Why something wasn't accepted.</summary>
    public string Problem(OwnViewProblem problem) =>
        problem switch
        {
            OwnViewProblem.Empty => T("Write something or choose a document.", "Schreiben Sie etwas oder wählen Sie ein Dokument."),
            OwnViewProblem.TooLong => T("The text is too long.", "Der Text ist zu lang."),
            OwnViewProblem.Unfit => T(
                "The text has characters we can't take. Type it again.",
                "Der Text enthält Zeichen, die wir nicht annehmen können. Geben Sie ihn neu ein."
            ),
            OwnViewProblem.FileTooLarge => T(
                "A document is larger than 10 MB. Send a smaller one.",
                "Ein Dokument ist größer als 10 MB. Senden Sie ein kleineres."
            ),
            OwnViewProblem.TooManyFiles => T("Send at most 5 documents at once.", "Senden Sie höchstens 5 Dokumente auf einmal."),
            OwnViewProblem.FileType => T(
                "We can't take one of these documents. Send PDF, pictures, Word, Excel or text.",
                "Eines der Dokumente können wir nicht annehmen. Senden Sie PDF, Bilder, Word, Excel oder Text."
            ),
            OwnViewProblem.NoStep => T(
                "We can't take documents at the moment. Write to us instead.",
                "Im Moment können wir keine Dokumente annehmen. Schreiben Sie uns stattdessen."
            ),
            OwnViewProblem.TooMuch => T(
                "You have sent a lot today. Try again tomorrow, or call us.",
                "Sie haben heute schon viel gesendet. Versuchen Sie es morgen wieder oder rufen Sie uns an."
            ),
            OwnViewProblem.Email => T("The email address isn't complete.", "Die E-Mail-Adresse ist nicht vollständig."),
            OwnViewProblem.Phone => T("The phone number isn't one we can call.", "Die Telefonnummer können wir so nicht anrufen."),
            OwnViewProblem.Address => T("The address is too long.", "Die Anschrift ist zu lang."),
            OwnViewProblem.Score => T("Choose how satisfied you are.", "Wählen Sie, wie zufrieden Sie sind."),
            _ => T("This isn't possible at the moment.", "Das ist im Moment nicht möglich."),
        };

    /// <summary>“Thursday, 3 December 2026”.</summary>
    public string DayOf(Instant at) => DayOf(at.InZone(zone).Date);

    /// <summary>A day in a letter: “3 December 2026”, “3. Dezember 2026”, and as numbers in a language that has no words here.</summary>
    internal static string DayIn(string language, LocalDate day) =>
        language.Split('-')[0].ToLowerInvariant() switch
        {
            "en" => $"{day.Day} {EnglishMonths[day.Month - 1]} {day.Year}",
            "de" => $"{day.Day}. {GermanMonths[day.Month - 1]} {day.Year}",
            _ => LocalDatePattern.Iso.Format(day),
        };

    /// <summary>The same of a day.</summary>
    public string DayOf(LocalDate day)
    {
        var (weekday, month) = ((int)day.DayOfWeek - 1, day.Month - 1);
        return T($"{EnglishDays[weekday]}, {day.Day} {EnglishMonths[month]} {day.Year}", $"{GermanDays[weekday]}, {day.Day}. {GermanMonths[month]} {day.Year}");
    }

    /// <summary>“3 December, 16:05”.</summary>
    public string TimeOf(Instant at)
    {
        var local = at.InZone(zone);
        var clock = $"{local.Hour:00}:{local.Minute:00}";
        return T($"{local.Day} {EnglishMonths[local.Month - 1]}, {clock}", $"{local.Day}. {GermanMonths[local.Month - 1]}, {clock} Uhr");
    }

    /// <summary>A fact as text.</summary>
    public string Value(CaseFact fact) =>
        fact.Format switch
        {
            FactFormat.YesNo when fact.Value?.GetValueKind() is JsonValueKind.True => Yes,
            FactFormat.YesNo when fact.Value?.GetValueKind() is JsonValueKind.False => No,
            FactFormat.Date when LocalDatePattern.Iso.Parse(FactText.Shown(fact with { Format = FactFormat.Text })) is { Success: true } day => DayOf(
                day.Value
            ),
            FactFormat.DateTime when FactText.Moment(fact.Value) is { } at => TimeOf(at),
            FactFormat.Money or FactFormat.Number when IsGerman => string.Concat(
                FactText
                    .Shown(fact)
                    .Select(c =>
                        c == ',' ? '.'
                        : c == '.' ? ','
                        : c
                    )
            ),
            _ => FactText.Shown(fact),
        };

    /// <summary>The machine-readable form.</summary>
    public static string Iso(Instant at) => InstantPattern.General.Format(at);

    /// <summary>The language to speak: the one asked for, else that of the link, else the first of the browser's that there is, else English.</summary>
    public static string Choose(string? asked, string? ofLink, RequestHeaders headers) =>
        asked is "en" or "de"
            ? asked
            : ofLink
                ?? headers
                    .AcceptLanguage.OrderByDescending(one => one.Quality ?? 1)
                    .Select(one => one.Value.Value?.Split('-')[0].ToLowerInvariant())
                    .FirstOrDefault(one => one is "en" or "de")
                ?? "en";

    private bool IsGerman => language == "de";

    private string T(string english, string german) => IsGerman ? german : english;
}
