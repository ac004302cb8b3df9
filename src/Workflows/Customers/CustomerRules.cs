using System.Text.RegularExpressions;
using NodaTime;
using Orchestration.Engine.Model;

namespace Orchestration.Workflows.Customers;

/// <summary>What may be entered about a customer. Pages, the API and imports share it.</summary>
internal static partial class CustomerRules
{
    private const int MostOfAKind = 20;

    /// <summary>The data without blanks around them, empty entries and repetitions.</summary>
    public static CustomerData Tidy(CustomerData data) =>
        data with
        {
            Number = data.Number.Trim(),
            Name = data.Name.Trim(),
            OtherNames = Tidy(data.OtherNames),
            Emails = Tidy(data.Emails),
            Phones = Tidy(data.Phones),
            Addresses = Tidy([.. data.Addresses.Select(a => a.ReplaceLineEndings("\n"))]),
            Languages = Tidy(data.Languages),
            Consents = [.. data.Consents.Select(c => c with { What = c.What.Trim() }).Where(c => c.What.Length > 0).Distinct()],
            Identifiers =
            [
                .. data
                    .Identifiers.Select(i => new CustomerIdentifier(i.Kind.Trim().ToLowerInvariant(), i.Value.Trim()))
                    .Where(i => i.Kind.Length + i.Value.Length > 0)
                    .Distinct(),
            ],
            Vulnerability = string.IsNullOrWhiteSpace(data.Vulnerability) ? null : data.Vulnerability.Trim().ReplaceLineEndings("\n"),
        };

    /// <summary>What is wrong with tidy data, as fields of the API and reasons that complete a sentence.</summary>
    public static List<(string Field, string Reason)> Check(CustomerData data, LocalDate today)
    {
        var errors = new List<(string Field, string Reason)>();
        One("number", data.Number, 100);
        One("name", data.Name, 200);
        if (data.Number.Length == 0)
            errors.Add(("number", "is required"));
        if (data.Name.Length == 0)
            errors.Add(("name", "is required"));
        All("otherNames", data.OtherNames, 200);
        All("emails", data.Emails, 254, email => Email().IsMatch(email) ? null : $"“{email}” isn't an email address");
        All("phones", data.Phones, 40, phone => Phone().IsMatch(phone) && phone.Count(char.IsAsciiDigit) >= 5 ? null : $"“{phone}” isn't a phone number");
        All("addresses", data.Addresses, 500, lines: true);
        All("languages", data.Languages, 20, tag => Language().IsMatch(tag) ? null : $"“{tag}” isn't a language tag such as en or pt-BR");
        if (data.BornOn is { } born && (born.Year < 1880 || LocalDate.FromDateOnly(born) > today))
            errors.Add(("bornOn", "must be in the past, after 1880"));
        All("consents", [.. data.Consents.Select(c => c.What)], 100);
        if (data.Consents.FirstOrDefault(c => c.Withdrawn < c.Since) is { } consent)
            errors.Add(("consents", $"“{consent.What}” was withdrawn before it was given"));
        All("identifiers", [.. data.Identifiers.Select(i => i.Value)], 100);
        if (data.Identifiers.FirstOrDefault(i => i.Value.Length == 0) is { } empty)
            errors.Add(("identifiers", $"“{empty.Kind}” has no value"));
        if (data.Identifiers.FirstOrDefault(i => !Kind().IsMatch(i.Kind)) is { } wrong)
            errors.Add(("identifiers", $"“{wrong.Kind}” isn't a kind: use small letters, digits and hyphens"));
        if (data.Vulnerability is { } care)
            One("vulnerability", care, 1000, lines: true);
        return errors;

        void All(string field, IReadOnlyList<string> texts, int most, Func<string, string?>? check = null, bool lines = false)
        {
            if (texts.Count > MostOfAKind)
                errors.Add((field, $"can have at most {MostOfAKind} entries"));
            foreach (var text in texts)
            {
                if (!One(field, text, most, lines))
                    continue;
                if (check?.Invoke(text) is { } reason)
                    errors.Add((field, reason));
            }
        }

        bool One(string field, string text, int most, bool lines = false)
        {
            if (Unfit(text, most, lines) is not { } reason)
                return true;
            errors.Add((field, reason));
            return false;
        }
    }

    /// <summary>Why a text can't be kept, or null.</summary>
    /// <param name="text">The text.</param>
    /// <param name="most">Most characters.</param>
    /// <param name="lines">Whether it can have several lines.</param>
    public static string? Unfit(string text, int most, bool lines = false) =>
        text.Length > most ? $"must have at most {most} characters"
        : WorkflowData.Unfit(text) is { } unfit ? unfit
        : text.Any(c => char.IsControl(c) && !(lines && c is '\n' or '\t')) ? "must not have control characters"
        : null;

    private static List<string> Tidy(IReadOnlyList<string> texts) => [.. texts.Select(t => t.Trim()).Where(t => t.Length > 0).Distinct()];

    [GeneratedRegex(@"^[^@\s<>""]+@[^@\s<>""]+\.[^@\s<>""]+$", RegexOptions.CultureInvariant)]
    private static partial Regex Email();

    [GeneratedRegex(@"^\+?[0-9][0-9 ()/.\-]{3,}$", RegexOptions.CultureInvariant)]
    private static partial Regex Phone();

    [GeneratedRegex(@"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", RegexOptions.CultureInvariant)]
    private static partial Regex Language();

    [GeneratedRegex(@"^[a-z][a-z0-9-]{0,49}$", RegexOptions.CultureInvariant)]
    private static partial Regex Kind();
}
