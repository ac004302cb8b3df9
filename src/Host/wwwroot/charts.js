// Draws what the tables behind the charts say (docs/performance.md). Without it, the tables are there to read.
(() => {
  const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const printed = { text: "#171b24", quiet: "#586172", line: "#e3e6ec", surface: "#ffffff", series: ["#3d57d6", "#8fa1f0", "#8a5200"], ok: "#1c6e49" };
  const shown = () => {
    const dark = document.documentElement.dataset.bsTheme === "dark";
    return {
      text: css("--o-text"), quiet: css("--o-quiet"), line: css("--o-line"), surface: css("--o-raised"), ok: css("--o-ok"),
      series: dark ? ["#6f86f5", "#b4c0fb", "#f0b653"] : printed.series,
    };
  };
  const duration = seconds => seconds < 3600 ? `${Math.round(seconds / 60)} min` : seconds < 172800 ? `${+(seconds / 3600).toFixed(1)} h` : `${+(seconds / 86400).toFixed(1)} days`;
  const write = (unit, value) => value === null || value === undefined || value === "-" ? "–"
    : unit === "share" ? `${Math.round(value * 100)}%` : unit === "duration" ? duration(value) : unit === "number" ? (+value).toFixed(1) : (+value).toLocaleString("en");

  const read = figure => {
    const table = figure.querySelector("table");
    const heads = [...table.querySelectorAll("thead th")].slice(1);
    const rows = [...table.querySelectorAll("tbody tr")];
    return {
      labels: rows.map(row => row.querySelector("th").firstElementChild?.matches("a") ? row.querySelector("a").textContent.trim() : row.querySelector("th").firstChild.textContent.trim()),
      links: rows.map(row => row.querySelector("th a")?.getAttribute("href")),
      marks: rows.map(row => row.dataset.mark),
      series: heads.map((head, i) => ({
        name: head.textContent.trim(), role: head.dataset.role, unit: head.dataset.unit,
        values: rows.map(row => row.children[i + 1].dataset.value === "" ? null : +row.children[i + 1].dataset.value),
      })),
    };
  };

  const draw = (data, kind, colors) => {
    const stacked = kind === "stack";
    const drawn = data.series.filter(s => s.role === "bar" || s.role === "line" || s.role === "target");
    const unit = drawn[0]?.unit ?? "count";
    const low = data.series.find(s => s.role === "low"), high = data.series.find(s => s.role === "high");
    const category = {
      type: "category", data: data.labels, inverse: stacked, axisTick: { show: false }, axisLine: { lineStyle: { color: colors.line } },
      axisLabel: { color: stacked ? colors.text : colors.quiet, hideOverlap: true, ...(stacked ? { width: 130, overflow: "truncate" } : {}) },
    };
    const value = {
      type: "value", axisLabel: { color: colors.quiet, formatter: v => write(unit, v) }, splitLine: { lineStyle: { color: colors.line } },
      ...(unit === "share" ? { max: 1, min: extent => Math.max(0, Math.floor(Math.min(extent.min, 0.9) * 10) / 10) } : { minInterval: unit === "count" ? 1 : 0 }),
    };
    const series = [];
    if (low && high) {
      const band = { type: "line", stack: "band", stackStrategy: "all", symbol: "none", silent: true, lineStyle: { opacity: 0 }, tooltip: { show: false } };
      series.push({ ...band, data: low.values }, {
        ...band, data: high.values.map((v, i) => v === null ? null : v - low.values[i]), areaStyle: { color: colors.series[0], opacity: .16 },
      });
    }
    drawn.forEach((s, i) => series.push({
      name: s.name, type: s.role === "bar" ? "bar" : "line", data: s.values, stack: stacked ? "all" : undefined, barMaxWidth: stacked ? 18 : 28, barGap: "10%",
      symbolSize: 6, connectNulls: false, symbol: s.role === "target" ? "none" : "circle",
      itemStyle: { color: s.role === "target" ? colors.ok : stacked ? [colors.series[2], colors.series[1], colors.series[0]][i] : colors.series[i % 3], borderRadius: stacked ? 0 : [2, 2, 0, 0] },
      lineStyle: s.role === "target" ? { type: "dashed", width: 1.5, color: colors.ok } : { width: 2, color: colors.series[i % 3] },
      markLine: i === 0 && data.marks.some(m => m) ? {
        symbol: "none", silent: true, lineStyle: { color: colors.text, type: "dashed" }, label: { color: colors.text, formatter: p => p.name },
        data: data.marks.flatMap((m, at) => m ? [{ name: m, xAxis: at }] : []),
      } : undefined,
    }));
    return {
      animation: false,
      textStyle: { fontFamily: "inherit" },
      legend: drawn.length > 1 ? { top: 0, left: 0, icon: "roundRect", itemWidth: 12, itemHeight: 8, textStyle: { color: colors.text }, data: drawn.map(s => s.name) } : undefined,
      grid: { left: 8, right: 16, top: drawn.length > 1 ? 34 : data.marks.some(m => m) ? 26 : 12, bottom: 4, containLabel: true },
      tooltip: {
        trigger: "axis", axisPointer: { type: "shadow", shadowStyle: { opacity: .08 } }, backgroundColor: colors.surface, borderColor: colors.line, textStyle: { color: colors.text },
        renderMode: "richText",
        formatter: points => {
          const at = points[0].dataIndex;
          return [data.labels[at], ...data.series.map(s => `${s.name}: ${write(s.unit, s.values[at])}`)].join("\n");
        },
      },
      xAxis: stacked ? value : category,
      yAxis: stacked ? category : value,
      series,
    };
  };

  const figures = [...document.querySelectorAll("figure[data-chart]")].map(figure => {
    const canvas = figure.querySelector(".chart-canvas"), data = read(figure);
    if (data.labels.length === 0) return undefined;
    if (figure.dataset.chart === "stack") canvas.style.height = `${Math.max(8, 3 + data.labels.length * 2)}rem`;
    canvas.classList.add("drawn");
    const chart = echarts.init(canvas, null, { renderer: "svg" });
    const paint = colors => chart.setOption(draw(data, figure.dataset.chart, colors), true);
    chart.on("click", point => { if (data.links[point.dataIndex]) location.href = data.links[point.dataIndex]; });
    new ResizeObserver(() => chart.resize()).observe(canvas);
    paint(shown());
    canvas.dataset.drawn = "true";
    return paint;
  }).filter(paint => paint);
  const all = colors => figures.forEach(paint => paint(colors));
  new MutationObserver(() => all(shown())).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
  // Nothing is measured anew on paper: drawings grow with their column.
  const drawings = () => document.querySelectorAll(".chart-canvas svg");
  addEventListener("beforeprint", () => {
    all(printed);
    drawings().forEach(svg => svg.setAttribute("viewBox", `0 0 ${svg.getAttribute("width")} ${svg.getAttribute("height")}`));
  });
  addEventListener("afterprint", () => {
    drawings().forEach(svg => svg.removeAttribute("viewBox"));
    all(shown());
  });

  // A choice shows at once; dates wait for the button, because they are typed.
  document.addEventListener("change", e => e.target.matches("form[data-filter] select") && e.target.form.requestSubmit());
  // What is empty is no filter: addresses stay short.
  document.addEventListener("submit", e => {
    if (e.target.matches("form[data-filter]")) e.target.querySelectorAll("select, input").forEach(field => { field.disabled ||= field.value === "" || (field.name === "by" && field.value === "step"); });
  });
})();
