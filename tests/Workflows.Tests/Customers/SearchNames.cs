namespace Orchestration.Workflows.Tests.Customers;

/// <summary>A thousand customers, and what someone types who heard some of their names on the phone.</summary>
internal static class SearchNames
{
    private static readonly string[] FirstNames = (
        "Ines Marta Owen Yusuf Hannah Pedro Lin Amara Kerstin Rafael Niamh Viktor Leila Tobias Chiara Samuel Noor Emil Beatriz Kofi "
        + "Sanne Arjun Elif Mateo Greta Hassan Ivana Julian Keiko Lucas Mina Nadia Oscar Petra Quentin Rosa Stefan Tamara Ugo Wanda"
    ).Split(' ');

    private static readonly string[] LastNames = (
        "Castellan Clarke Demir Weiss Alvarez Zhao Diallo Holm Costa Byrne Petrov Haddad Keller Romano Adeyemi Rahman Lund Carvalho "
        + "Mensah Visser Mehta Fuentes Nasser Kovac Moreau Tanaka Barros Farahani Sousa Horvat Dubois Marino Fischer Conti Nowak"
    ).Split(' ');

    public static readonly IReadOnlyList<(string Typed, string Meant)> Queries =
    [
        ("Jonathon Fitzgerald", "Jonathan Fitzgerald"),
        ("jonthan fitzgerald", "Jonathan Fitzgerald"),
        ("Catherine Wojciechowsky", "Katherine Wojciechowski"),
        ("wojchiechowski", "Katherine Wojciechowski"),
        ("Shioban Gallagher", "Siobhan Gallagher"),
        ("galagher", "Siobhan Gallagher"),
        ("Muhammad Abdelrahman", "Mohammed Abdelrahman"),
        ("abdelrhaman", "Mohammed Abdelrahman"),
        ("Alexandra Stefanowska", "Aleksandra Stefanowska"),
        ("stefanovska", "Aleksandra Stefanowska"),
        ("Bartolomew", "Bartholomew Ainsworth"),
        ("ainsworh", "Bartholomew Ainsworth"),
        ("Kristina Papadopulos", "Christina Papadopoulos"),
        ("papadopolous", "Christina Papadopoulos"),
        ("Dimitris Anagnostu", "Dimitrios Anagnostou"),
        ("anagostou", "Dimitrios Anagnostou"),
        ("Elenor Montgomery", "Eleanor Montgomery"),
        ("montgomry", "Eleanor Montgomery"),
        ("Fernado Rodriguez", "Fernando Rodriguez"),
        ("rodrigues", "Fernando Rodriguez"),
        ("Gwendolin Hathaway", "Gwendolyn Hathaway"),
        ("hataway", "Gwendolyn Hathaway"),
        ("Hildegart Schneider", "Hildegard Schneider"),
        ("schnieder", "Hildegard Schneider"),
        ("Isabela Vandenberg", "Isabella Vandenberg"),
        ("vandenburg", "Isabella Vandenberg"),
        ("Jaqueline Thibodeaux", "Jacqueline Thibodeaux"),
        ("thibodaux", "Jacqueline Thibodeaux"),
        ("Constantin Baumgartner", "Konstantin Baumgartner"),
        ("baumgarnter", "Konstantin Baumgartner"),
        ("Laxmi Venkataraman", "Lakshmi Venkataraman"),
        ("venkatraman", "Lakshmi Venkataraman"),
        ("Margret Featherstone", "Margaret Featherstone"),
        ("fetherstone", "Margaret Featherstone"),
        ("Nathanial Blackwood", "Nathaniel Blackwood"),
        ("blakwood", "Nathaniel Blackwood"),
        ("Otoline Pemberton", "Ottoline Pemberton"),
        ("pembertn", "Ottoline Pemberton"),
        ("Phillipa Worthington", "Philippa Worthington"),
        ("worthingotn", "Philippa Worthington"),
        ("Jurgen Grossman", "Jürgen Großmann"),
        ("juergen grosmann", "Jürgen Großmann"),
        ("Rene Delacroix", "Renée Delacroix"),
        ("delacriox", "Renée Delacroix"),
        ("Sebastain Oberhauser", "Sebastian Oberhauser"),
        ("oberhuser", "Sebastian Oberhauser"),
        ("Teodora Kyriakidis", "Theodora Kyriakidis"),
        ("kiriakidis", "Theodora Kyriakidis"),
        ("Ulrike Zimmerman", "Ulrike Zimmermann"),
        ("zimerman", "Ulrike Zimmermann"),
        ("Veronika Castellanos", "Veronica Castellanos"),
        ("castelanos", "Veronica Castellanos"),
        ("Winnifred Abernathy", "Winifred Abernathy"),
        ("abernethy", "Winifred Abernathy"),
        ("Siomara Villanueva", "Xiomara Villanueva"),
        ("vilanueva", "Xiomara Villanueva"),
        ("Evgenia Shevchenko", "Yevgenia Shevchenko"),
        ("schevchenko", "Yevgenia Shevchenko"),
        ("Zbigniev Kaczmarek", "Zbigniew Kaczmarek"),
        ("kazmarek", "Zbigniew Kaczmarek"),
    ];

    public static IReadOnlyList<string> Everyone { get; } =
    [
        .. Queries.Select(query => query.Meant).Distinct(),
        .. Enumerable.Range(0, 970).Select(i => $"{FirstNames[i % FirstNames.Length]} {LastNames[i / FirstNames.Length + i % 11]}"),
    ];
}
