using System.Text.Json.Nodes;
using Microsoft.Playwright;
using Orchestration.Testing;

namespace Orchestration.Host.Tests.Browser.Designer;

/// <summary>How the shipped journeys look on Studio's canvas: measured where they are drawn, because their sizes are Studio's.</summary>
public sealed class CanvasTests(SharedHost host, Chromium chromium) : IClassFixture<SharedHost>
{
    /// <summary>Layout errors, in words. A connection with more bends than its vertices was routed in a loop.</summary>
    private const string Faults = """
        ([least, vertices]) => {
          const between = (a, b, c, d) => Math.max(a, c) - Math.min(b, d);
          const place = element => /(?:translate\(|matrix\(1,0,0,1,)([-\d.]+),([-\d.]+)\)/.exec(element.getAttribute("transform")).slice(1).map(Number);
          const nodes = [...document.querySelectorAll(".x6-node")].map(node => {
            const [x, y] = place(node), body = node.querySelector("foreignObject");
            const ports = [...node.querySelectorAll(".x6-port")].map(port => ({ name: port.querySelector("[port]").getAttribute("port"),
              at: place(port), label: port.querySelector("text").getBBox().width }));
            return { id: node.dataset.cellId, x, y, right: x + Number(body.getAttribute("width")), bottom: y + Number(body.getAttribute("height")), ports };
          });
          const faults = [];
          nodes.forEach((a, i) => nodes.slice(i + 1).forEach(b => {
            const [wide, high] = [between(a.x, a.right, b.x, b.right), between(a.y, a.bottom, b.y, b.bottom)];
            if (wide < least[0] && high < least[1]) faults.push(`${a.id} and ${b.id} are ${wide} and ${high} apart`);
          }));
          [...document.querySelectorAll(".x6-edge")].forEach((edge, i) => {
            const line = [...edge.querySelectorAll("path")].map(path => path.getAttribute("d")).sort((a, b) => b.length - a.length)[0];
            if (line.split("C").length - 1 !== vertices[i]) faults.push(`connection ${i} has ${line.split("C").length - 1} bends instead of ${vertices[i]}`);
            const points = [...line.matchAll(/[MLC] ([-\d. ]+)/g)].map(m => m[1].trim().split(" ").map(Number).slice(-2));
            points.slice(1).forEach(([x, y], k) => {
              const [left, right] = [Math.min(x, points[k][0]), Math.max(x, points[k][0])], [top, bottom] = [Math.min(y, points[k][1]), Math.max(y,
                points[k][1])];
              for (const node of nodes) {
                if (right > node.x + 2 && left < node.right - 2
                    && bottom > node.y + 2 && top < node.bottom - 2) faults.push(`connection ${i} runs through ${node.id}`);
                for (const port of node.ports.filter(p => p.label > 0)) {
                  const [start, middle] = [node.x + port.at[0] + 8, node.y + port.at[1]];
                  const own = k === 0 && Math.abs(points[0][1] - middle) < 2 && Math.abs(points[0][0] - node.right) < 8;
                  if (!own && right > start && left < start + port.label + 8
                      && bottom > middle - 7 && top < middle + 7) faults.push(`connection ${i} covers ${port.name} of ${node.id}`);
                }
              }
            });
          });
          return faults;
        }
        """;

    /// <summary>The whole journey is in sight: it is zoomed to fit when it is opened.</summary>
    private const string IsFitted = """
        () => {
          const canvas = document.querySelector(".x6-graph-svg").getBoundingClientRect();
          return [...document.querySelectorAll(".x6-node")].map(node => node.getBoundingClientRect()).every(box => box.left >= canvas.left
            && box.right <= canvas.right && box.top >= canvas.top && box.bottom <= canvas.bottom);
        }
        """;

    [Fact]
    public async Task Shipped_journeys_are_drawn_with_room_and_no_line_runs_through_a_step_or_a_label()
    {
        // Cookies expire by the clock of the browser.
        await using var app = new HostApp(host.ConnectionString, new FakeClock(NodaTime.Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow())));
        var studio = await Studio.OpenAsync(chromium, app, "/studio/definitions");
        foreach (var journey in new[] { "claims", "claims-status-letter", "complaint", "mortgage-origination" })
        {
            var shipped = JsonNode.Parse(await File.ReadAllTextAsync(Repository.Path($"definitions/{journey}.json")))!["root"]!;
            var vertices = shipped["connections"]!.AsArray().Select(c => c!["vertices"]!.AsArray().Count).ToArray();
            await studio.Page.GotoAsync("/studio/definitions/" + journey);
            await Assertions.Expect(studio.Page.Locator(".x6-edge")).ToHaveCountAsync(vertices.Length);
            await Assertions.Expect(studio.Page.Locator(".x6-node")).ToHaveCountAsync(shipped["activities"]!.AsArray().Count);
            await studio.Page.EvaluateAsync("() => document.fonts.ready");
            await studio.Page.WaitForFunctionAsync(IsFitted);
            (await studio.Page.EvaluateAsync<string[]>(Faults, new object[] { new[] { 150, 40 }, vertices })).ShouldBeEmpty(journey);
            await studio.PictureAsync("canvas-" + journey);
        }

        await studio.CloseAsync();
    }
}
