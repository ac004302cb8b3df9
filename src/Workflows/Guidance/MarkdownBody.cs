using Ganss.Xss;
using Markdig;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace Orchestration.Workflows.Guidance;

/// <summary>
/// Markdown as HTML that a page can show: raw HTML is text, and what comes out is sanitised besides, so that neither the parser nor its extensions have to be
/// trusted. Thread safe.
/// </summary>
public static class MarkdownBody
{
    private static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder().DisableHtml().UsePipeTables().UseAutoLinks().Build();

    private static readonly string[] Schemes = ["https", "http", "mailto", "tel"];

    private static readonly string[] Tags =
    [
        "p",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "li",
        "a",
        "strong",
        "em",
        "code",
        "pre",
        "blockquote",
        "br",
        "hr",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    ];

    /// <summary>The HTML. Headings begin at the third level, below those of the page.</summary>
    public static string Html(string markdown)
    {
        var document = Markdown.Parse(markdown, Pipeline);
        foreach (var heading in document.Descendants<HeadingBlock>())
            heading.Level = Math.Min(heading.Level + 2, 6);
        return Sanitizer().Sanitize(document.ToHtml(Pipeline));
    }

    /// <summary>Whether it is nested deeper than Markdig goes, so that there is no <see cref="Html"/> of it.</summary>
    public static bool TooDeep(string markdown)
    {
        try
        {
            _ = Markdown.Parse(markdown, Pipeline);
            return false;
        }
        catch (ArgumentException)
        {
            // Markdig's own limit, which keeps its recursion off the end of the stack.
            return true;
        }
    }

    /// <summary>What is wrong with its links and pictures, as reasons that complete a sentence; and the ids of the articles it links to.</summary>
    public static (IReadOnlyList<string> Errors, IReadOnlyList<Guid> Articles) Links(string markdown, ArticleAudience audience)
    {
        var (errors, articles) = (new List<string>(), new List<Guid>());
        if (TooDeep(markdown))
            return (["is nested too deeply"], []);
        var document = Markdown.Parse(markdown, Pipeline);
        foreach (var link in document.Descendants<LinkInline>())
        {
            if (link.IsImage)
                errors.Add("can't have pictures: link to them instead");
            else
                Check(link.Url ?? "");
        }

        foreach (var link in document.Descendants<AutolinkInline>().Where(link => !link.IsEmail))
            Check(link.Url);
        return ([.. errors.Distinct()], articles);

        void Check(string url)
        {
            var shown = url.Length > 80 ? url[..80] + "…" : url;
            if (url.StartsWith('#'))
                return;
            if (url.StartsWith("/guidance/", StringComparison.Ordinal) && Guid.TryParse(url["/guidance/".Length..].Split('#', '?')[0], out var article))
            {
                if (audience == ArticleAudience.Customer)
                    errors.Add($"links to “{shown}”, which customers can't open");
                else
                    articles.Add(article);
            }
            else if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || !Schemes.Contains(address.Scheme) || url.StartsWith('/'))
                errors.Add($"links to “{shown}”: links must begin with https://, http://, mailto: or tel:, or be the address of an article");
            else if (address.Scheme is "http" or "https" && address.UserInfo.Length > 0)
                errors.Add($"links to “{shown}”: an address with a name before the @ hides where it leads");
        }
    }

    private static HtmlSanitizer Sanitizer()
    {
        var sanitizer = new HtmlSanitizer(
            new HtmlSanitizerOptions
            {
                AllowedTags = new HashSet<string>(Tags, StringComparer.OrdinalIgnoreCase),
                AllowedAttributes = new HashSet<string>(["href", "colspan", "rowspan", "start"], StringComparer.OrdinalIgnoreCase),
                AllowedSchemes = new HashSet<string>(Schemes, StringComparer.OrdinalIgnoreCase),
                UriAttributes = new HashSet<string>(["href"], StringComparer.OrdinalIgnoreCase),
            }
        );
        sanitizer.PostProcessNode += (_, e) =>
        {
            if (e.Node is AngleSharp.Html.Dom.IHtmlAnchorElement link)
                link.SetAttribute("rel", "noopener noreferrer");
        };
        return sanitizer;
    }
}
