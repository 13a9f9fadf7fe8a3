// Paints the figures that a page carries as JSON, in the colours of its style sheet, and paints them again when light and dark change.
"use strict";
(function () {
  const SCHEME = window.matchMedia("(prefers-color-scheme: dark)");
  const SETTINGS = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["lasso2d", "select2d"] };

  function palette() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue("--" + name).trim();
    return { named: colour, series: [colour("series-a"), colour("series-b")], band: colour("quiet-ground"), ink: colour("ink"), soft: colour("soft"), grid: colour("grid"), surface: colour("surface") };
  }

  function painted(trace, colours) {
    const series = (trace.meta && trace.meta.series) || 0;
    const colour = colours.series[series % colours.series.length];
    const dots = trace.meta && trace.meta.dots;
    const copy = Object.assign({}, trace);
    if (trace.line) copy.line = Object.assign({}, trace.line, { color: colour });
    if (trace.mode === "lines") copy.opacity = 0.75;
    if (trace.fill) copy.fillcolor = colour + "40";
    if (trace.meta && trace.meta.colour) {
      const own = colours.named(trace.meta.colour);
      const pattern = Object.assign({}, trace.marker.pattern, { fgcolor: own, bgcolor: colours.surface, fillmode: "replace", size: 6, solidity: 0.45 });
      copy.marker = Object.assign({}, trace.marker, { color: own, pattern: pattern, line: { color: own, width: 1 } });
      return copy;
    }
    if (trace.error_y) copy.error_y = Object.assign({}, trace.error_y, { color: colour });
    if (trace.error_x) copy.error_x = Object.assign({}, trace.error_x, { color: trace.type === "bar" ? colours.ink : colour });
    if (trace.type === "bar") copy.marker = Object.assign({}, trace.marker, { color: colour, opacity: 0.55, line: { color: colour, width: 1 } });
    else if (trace.marker) copy.marker = Object.assign({}, trace.marker, { color: dots ? colours.ink : colour, line: { color: dots ? colours.ink : colours.surface, width: dots ? 1.5 : 1 } });
    return copy;
  }

  function axis(stated, colours, narrow) {
    const title = Object.assign({}, stated.title, { font: { size: narrow ? 10 : 13 }, standoff: narrow ? 4 : 8 });
    return Object.assign({}, stated, { title: title, color: colours.soft, gridcolor: colours.grid, zerolinecolor: colours.grid, linecolor: colours.grid, automargin: true });
  }

  function layout(stated, colours, narrow) {
    const made = Object.assign({}, stated, {
      paper_bgcolor: colours.surface, plot_bgcolor: colours.surface,
      font: { family: getComputedStyle(document.body).fontFamily, size: narrow ? 11 : 13, color: colours.ink },
      hoverlabel: { bgcolor: colours.surface, bordercolor: colours.soft, font: { color: colours.ink } },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: colours.soft, activecolor: colours.ink },
    });
    const axes = Object.keys(stated).filter((name) => /^[xy]axis[0-9]*$/.test(name));
    for (const name of new Set(["xaxis", "yaxis", ...axes])) made[name] = axis(stated[name] || {}, colours, narrow);
    if (stated.shapes) made.shapes = stated.shapes.map((shape) => Object.assign({}, shape, { fillcolor: colours.band }));
    if (narrow) made.margin = Object.assign({}, stated.margin, { l: 44, r: 8 });
    return made;
  }

  function paint(place) {
    const stated = JSON.parse(document.getElementById(place.dataset.figure).textContent);
    const colours = palette();
    if (!place.dataset.drawn) place.replaceChildren();
    const traces = stated.data.map((trace) => painted(trace, colours));
    return Plotly.react(place, traces, layout(stated.layout, colours, place.clientWidth < 560), SETTINGS).then(() => place.setAttribute("data-drawn", "yes"));
  }

  function paintAll() {
    document.querySelectorAll("[data-figure]").forEach(paint);
  }

  SCHEME.addEventListener("change", paintAll);
  window.matchMedia("print").addEventListener("change", paintAll);
  paintAll();
})();
