/* Draws the plots of a report from the data in the page. It stacks, scales and draws; every figure stands in the page as the files of report/plots/ made it (base.py says what a figure holds). */
(function () {
  "use strict";

  const data = JSON.parse(document.getElementById("data").textContent);
  const live = document.getElementById("live");
  const AXIS_PX = 56, RIGHT_PX = 12, DASH = [6, 4];
  const wholeRun = [0, data.whole_s];
  const plots = [];
  let zoom = null; // [from_s, to_s] shared by all plots over time; null: the whole run

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const element = (tag, properties, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };

  // --- figures in words: by the unit of a plot's values, and of its x axis ---------------------------------------
  const trimmed = (x) => String(+x.toPrecision(3));
  const format = {
    count: (x) => x.toLocaleString("en"),
    ms: (x) => (x >= 1000 ? trimmed(x / 1000) + " s" : trimmed(x) + " ms"),
    ratio: (x) => trimmed(100 * x) + " %",
    seconds: (x) => x.toFixed(1) + " s",
    percentile: (x) => trimmedPercent(1 - 1 / x),
  };
  function trimmedPercent(share) {
    return (100 * share).toFixed(Math.max(0, Math.ceil(-Math.log10(1 - share) - 1.999))).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "") + " %";
  }

  function stacked(rows) {
    const sums = [];
    rows.forEach((row, n) => sums.push(row.map((v, at) => v + (n ? sums[n - 1][at] : 0))));
    return sums;
  }

  // --- one plot ------------------------------------------------------------------------------------------------
  function draw(figure) {
    const shown = data.figures[+figure.dataset.figure];
    const host = figure.querySelector(".plot");
    host.replaceChildren();
    const quiet = colour("quiet"), line = colour("line");
    const values = shown.series.map((series) => series.values);
    const rows = shown.stacked ? stacked(values) : values;
    // the highest sum is drawn first, and what lies below is drawn over it
    const order = shown.series.map((_, n) => n);
    if (shown.stacked) order.reverse();
    const overTimeAxis = shown.x === "time";
    const all = overTimeAxis ? wholeRun : [shown.xs[0], shown.xs[shown.xs.length - 1]];
    // a step reaches to the end of its slot, also the last one
    const longer = (values, more) => (shown.stepped && values.length ? values.concat(more) : values);
    const options = {
      width: host.clientWidth || 600,
      height: +figure.dataset.height || 200,
      padding: [20, RIGHT_PX, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        drag: { x: overTimeAxis, y: false, setScale: false },
        points: shown.stacked ? { show: false } : { size: 6 },
        sync: overTimeAxis ? { key: "time", setSeries: false, scales: ["x", null] } : undefined,
      },
      scales: {
        x: overTimeAxis ? { time: false, range: () => zoom || all } : { time: false, distr: 3, log: 10, range: () => all },
        y: shown.log ? { distr: 3, log: 10, range: (u, low, high) => decades(low, high) } : { range: (u, low, high) => shown.y_range || [0, Math.max(shown.top, high || 0) * 1.08] },
      },
      axes: [
        { stroke: quiet, grid: { show: false }, ticks: { stroke: line, width: 1, size: 5 }, font: "12px system-ui, sans-serif", size: 30, space: overTimeAxis ? 60 : 40,
          values: (u, at) => at.map((v) => (v === null ? "" : overTimeAxis ? trimmedSeconds(v) : format.percentile(v))) },
        { stroke: quiet, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif", size: AXIS_PX, space: 34, splits: shown.log ? (u, axis, low, high) => powers(low, high) : undefined,
          values: (u, at) => at.map((v) => (v === null ? "" : format[shown.unit](v))) },
      ],
      series: [{}].concat(order.map((n) => seriesOf(shown, shown.series[n]))),
      hooks: {
        setSelect: [(u) => u.select.width > 4 && setZoom([u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x")])],
        draw: [(u) => placeShades(u, shown), (u) => placeLanes(u, figure)],
        setCursor: [(u) => showValues(u, shown, figure)],
      },
    };
    const plot = new uPlot(options, [longer(shown.xs, wholeRun[1])].concat(order.map((n) => longer(rows[n], rows[n].at(-1)))), host);
    host.append(element("div", { className: "tip", hidden: true }));
    writeLegend(figure, shown);
    if (shown.lanes) writeLanes(figure, shown);
    const entry = { figure, host, plot, shown, overTimeAxis, all };
    plots.push(entry);
    if (!host.dataset.wired) wire(host, figure);
    return entry;
  }

  function seriesOf(shown, { label, colour: name, dashed, gaps }) {
    const stroke = colour(name);
    return {
      label, stroke, width: shown.stacked ? 0 : dashed ? 1.5 : 2, dash: dashed ? DASH : undefined, points: { show: false },
      fill: shown.stacked ? stroke : undefined, paths: shown.stepped ? uPlot.paths.stepped({ align: 1 }) : undefined, spanGaps: gaps,
    };
  }

  function decades(low, high) {
    if (!(low > 0)) return [1, 100];
    return [10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(high * 1.02))];
  }
  function powers(low, high) {
    const exponents = [];
    for (let power = Math.ceil(Math.log10(low) - 1e-9); power <= Math.log10(high) + 1e-9; power++) exponents.push(+`1e${power}`);
    return exponents;
  }
  const trimmedSeconds = (v) => +v.toFixed(3) + " s";

  function placeShades(u, shown) {
    u.over.querySelectorAll(".window").forEach((old) => old.remove());
    for (const shade of shown.shades) {
      const { min, max } = u.scales.x;
      const from = Math.max(shade.from_s, min), to = Math.min(shade.to_s, max);
      if (to <= from) continue;
      const left = u.valToPos(from, "x"), width = u.valToPos(to, "x") - left;
      const window_ = element("div", { className: shade.disturbance ? "window disturbance" : "window" }, ...(width > 60 ? [element("span", { textContent: shade.label })] : []));
      Object.assign(window_.style, { left: left + "px", width: width + "px" });
      u.over.append(window_);
    }
  }

  // --- lanes under a plot: what state an instance was in -----------------------------------------------------------
  function writeLanes(figure, shown) {
    const lanes = figure.querySelector(".lanes");
    lanes.replaceChildren();
    const named = new Map();
    for (const lane of shown.lanes) named.set(lane.name, [...(named.get(lane.name) || []), lane]);
    for (const [name, states] of [...named].sort()) {
      const track = element("div", { className: "track" });
      const words = states.map(({ state, from_s, to_s }) => state + " from " + format.seconds(from_s) + " to " + format.seconds(to_s));
      states.forEach((lane, n) => {
        const spell = element("div", { className: "spell", title: name + ": " + words[n] });
        Object.assign(spell.dataset, { state: lane.state, from: lane.from_s, to: lane.to_s });
        spell.style.setProperty("--swatch", "var(--" + lane.colour + ")");
        if (lane.dark_text) spell.style.color = "#1c2024";
        track.append(spell);
      });
      lanes.append(element("div", { className: "lane" }, element("span", { className: "name", textContent: name }, element("span", { className: "hidden", textContent: ": " + words.join(", ") })), track));
      track.setAttribute("aria-hidden", "true");
    }
    requestAnimationFrame(() => placeLanes((entryOf(figure) || {}).plot, figure));
  }

  function placeLanes(u, figure) {
    if (!u) return;
    const { min, max } = u.scales.x, width = u.over.clientWidth;
    figure.querySelectorAll(".spell").forEach((spell) => {
      const from = Math.max(+spell.dataset.from, min), to = Math.min(+spell.dataset.to, max);
      spell.hidden = to <= from;
      // half a word says less than none
      spell.textContent = ((to - from) / (max - min)) * width > 7 * spell.dataset.state.length ? spell.dataset.state : "";
      spell.style.left = (100 * (from - min)) / (max - min) + "%";
      spell.style.width = (100 * Math.max(0, to - from)) / (max - min) + "%";
    });
  }

  function writeLegend(figure, shown) {
    const legend = figure.querySelector(".legend");
    legend.replaceChildren(
      ...shown.series.map(({ label, colour: name, dashed }) => {
        const mark = element("i", { className: shown.stacked ? "" : "line" + (dashed ? " dashed" : "") });
        mark.style.setProperty("--swatch", "var(--" + name + ")");
        return element("li", {}, mark, label);
      })
    );
  }

  // --- what the pointer, a finger or the arrow keys point at --------------------------------------------------------
  function showValues(u, shown, figure) {
    const tip = figure.querySelector(".tip");
    if (!tip) return;
    const at = u.cursor.idx === null || u.cursor.idx === undefined ? null : Math.min(u.cursor.idx, shown.xs.length - 1), left = u.cursor.left;
    const mine = figure.matches(":hover") || figure.contains(document.activeElement);
    if (at === null || left === undefined || left < 0 || !mine) {
      tip.hidden = true;
      return;
    }
    const x = shown.x === "time" ? format.seconds(shown.xs[at]) : format.percentile(shown.xs[at]) + " of the requests took at most";
    const lines = shown.series.map((series) => ({ ...series, value: series.values[at] })).filter(({ value }) => value !== null && value !== undefined && (!shown.stacked || value > 0));
    tip.replaceChildren(
      element("b", { textContent: x }),
      ...lines.map(({ label, colour: name, value }) => {
        const swatch = element("i");
        swatch.style.setProperty("--swatch", "var(--" + name + ")");
        return element("div", {}, swatch, element("span", { textContent: label }), element("span", { textContent: format[shown.unit](value) }));
      })
    );
    tip.hidden = false;
    const x0 = AXIS_PX + left, width = tip.offsetWidth;
    tip.style.left = Math.max(0, x0 + 14 + width > figure.clientWidth ? x0 - width - 14 : x0 + 14) + "px";
    tip.style.top = "14px";
    if (document.activeElement === figure.querySelector(".plot")) {
      live.textContent = x + ": " + (lines.map(({ label, value }) => label + " " + format[shown.unit](value)).join(", ") || "nothing");
    }
  }

  function entryOf(figure) {
    return plots.find((entry) => entry.figure === figure);
  }

  function wire(host, figure) {
    host.dataset.wired = "yes";
    host.addEventListener("keydown", (event) => {
      const entry = entryOf(figure), { plot, shown } = entry;
      const last = shown.xs.length - 1;
      const step = event.shiftKey ? 10 : 1;
      const now = Math.min(plot.cursor.idx ?? 0, last);
      const moves = { ArrowRight: now + step, ArrowLeft: now - step, Home: 0, End: last };
      if (event.key in moves) {
        const low = plot.valToIdx(plot.scales.x.min), high = plot.valToIdx(plot.scales.x.max);
        const next = Math.min(Math.min(last, high), Math.max(low, moves[event.key]));
        plot.setCursor({ left: plot.valToPos(shown.xs[next], "x") + 0.01, top: 10 });
      } else if (event.key === "+" || event.key === "=") zoomBy(0.5, shown.xs[now]);
      else if (event.key === "-") zoomBy(2, shown.xs[now]);
      else if (event.key === "0") setZoom(null);
      else if (event.key === "f") zoomToFault();
      else if (event.key === "Escape") plot.setCursor({ left: -10, top: -10 });
      else return;
      event.preventDefault();
    });
    host.addEventListener("focus", () => { if (entryOf(figure).plot.cursor.left < 0) entryOf(figure).plot.setCursor({ left: 1, top: 10 }); });
    host.addEventListener("blur", () => entryOf(figure).plot.setCursor({ left: -10, top: -10 }));
    const scrub = (event) => {
      const { plot } = entryOf(figure), touch = event.touches[0], box = plot.over.getBoundingClientRect();
      plot.setCursor({ left: Math.min(box.width, Math.max(0, touch.clientX - box.left)), top: 10 });
    };
    host.addEventListener("touchstart", scrub, { passive: true });
    host.addEventListener("touchmove", scrub, { passive: true });
  }

  // --- zoom, shared by all plots over time -------------------------------------------------------------------------
  function setZoom(range) {
    zoom = range;
    for (const { plot, overTimeAxis, all } of plots) {
      if (!overTimeAxis) continue;
      plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      plot.setScale("x", { min: (range || all)[0], max: (range || all)[1] });
    }
  }
  function zoomBy(factor, centre) {
    const first = plots.find(({ overTimeAxis }) => overTimeAxis);
    if (!first) return;
    const [low, high] = zoom || first.all, half = Math.max(0.5, ((high - low) * factor) / 2);
    const middle = centre ?? (low + high) / 2;
    const from = Math.max(first.all[0], middle - half), to = Math.min(first.all[1], middle + half);
    setZoom(to - from >= first.all[1] - first.all[0] ? null : [from, to]);
  }
  function zoomToFault() {
    const first = plots.find(({ overTimeAxis, shown }) => overTimeAxis && shown.shades.length);
    if (!first) return;
    const { shades } = first.shown, faults = shades.filter(({ disturbance }) => !disturbance), around = faults.length ? faults : shades;
    setZoom([Math.max(first.all[0], Math.min(...around.map(({ from_s }) => from_s)) - 3), Math.min(first.all[1], Math.max(...around.map(({ to_s }) => to_s)) + 6)]);
  }
  const actions = { whole: () => setZoom(null), fault: zoomToFault, in: () => zoomBy(0.5), out: () => zoomBy(2) };
  document.querySelectorAll(".tools button").forEach((button) => button.addEventListener("click", actions[button.dataset.action]));

  // --- the data of a plot as a table, for those who would rather read it ---------------------------------------------
  document.querySelectorAll("figure details").forEach((box) =>
    box.addEventListener("toggle", () => {
      const holder = box.querySelector(".data");
      if (!box.open || holder.childElementCount) return;
      const { shown } = entryOf(box.closest("figure"));
      const head = element("tr", {}, ...[shown.x === "time" ? "at" : "share", ...shown.series.map(({ label }) => label)].map((name) => element("th", { scope: "col", textContent: name })));
      const rows = shown.xs.map((x, n) =>
        element("tr", {}, element("th", { scope: "row", textContent: shown.x === "time" ? format.seconds(x) : format.percentile(x) }),
          ...shown.series.map(({ values }) => element("td", { textContent: values[n] === null ? "–" : format[shown.unit](values[n]) }))));
      holder.append(element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
    })
  );

  // --- start, and again when the width or the light changes -----------------------------------------------------------
  const figures = [...document.querySelectorAll("figure[data-kind]")];
  function drawAll() {
    plots.splice(0).forEach(({ plot }) => plot.destroy());
    figures.forEach(draw);
  }
  drawAll();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  new ResizeObserver(() => plots.forEach(({ plot, host, figure }) => {
    const width = host.clientWidth;
    if (width && width !== plot.width) plot.setSize({ width, height: +figure.dataset.height || 200 });
  })).observe(document.querySelector("main"));
  window.chaosproofReport = { plots, setZoom };
})();
