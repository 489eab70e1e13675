/* Draws the plots of a report from the data in the page. It stacks, scales and draws; every figure comes from timeline.json. */
(function () {
  "use strict";

  const data = JSON.parse(document.getElementById("data").textContent);
  const live = document.getElementById("live");
  const AXIS_PX = 56, RIGHT_PX = 12, DASH = [6, 4];
  const CODES = { UNAVAILABLE: 1, CIRCUIT_OPEN: 2, QUEUE_FULL: 4, DEADLINE_EXCEEDED: 3, BACKEND_ERROR: 8, TIMEOUT: 7, UNKNOWN: 6 };
  const wholeRun = [0, Math.max(...data.runs.map(({ timeline }) => timeline.slots * timeline.slot_s))];
  const plots = [];
  let zoom = null; // [from_s, to_s] shared by all plots over time; null: the whole run

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const element = (tag, properties, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };

  // --- words ---------------------------------------------------------------------------------------------------
  const trimmed = (x) => String(+x.toPrecision(3));
  const said = {
    count: (x) => x.toLocaleString("en"),
    ms: (x) => (x >= 1000 ? trimmed(x / 1000) + " s" : trimmed(x) + " ms"),
    ratio: (x) => trimmed(100 * x) + " %",
    seconds: (x) => x.toFixed(1) + " s",
    percentile: (x) => trimmedPercent(1 - 1 / x),
  };
  function trimmedPercent(share) {
    return (100 * share).toFixed(Math.max(0, Math.ceil(-Math.log10(1 - share) - 1.999))).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "") + " %";
  }

  // --- what the plots show: {x, xs, y, series: [{label, colour, values, dashed}], stacked, faults, lanes} ---------
  const slots = (timeline) => Array.from({ length: timeline.slots }, (_, n) => +(n * timeline.slot_s).toFixed(6));
  const steps = (timeline, values) => values.map((_, n) => +(n * timeline.step_s).toFixed(6));

  function codesOf(timeline, instance) {
    const found = new Map();
    for (const one of timeline.requests) {
      if (instance && one.instance !== instance) continue;
      const known = found.get(one.code);
      if (known) known.values = known.values.map((v, n) => v + one.counts[n]);
      else found.set(one.code, { label: one.code, ok: one.ok, values: one.counts.slice() });
    }
    let spare = 4;
    return [...found.values()]
      .sort((a, b) => b.ok - a.ok || (a.label < b.label ? -1 : 1))
      .map((one) => ({ ...one, colour: one.ok ? "code-ok" : "c" + (CODES[one.label] || (spare++ % 8) + 1) }));
  }

  const kinds = {
    requests(figure) {
      const { timeline } = data.runs[+figure.dataset.run];
      const instance = figure.dataset.instance || "";
      return {
        x: "time", xs: slots(timeline), stacked: true, series: codesOf(timeline, instance), said: said.count, faults: faultsOf(timeline),
        lanes: timeline.bands.filter((band) => !instance || band.instance === instance), 
        top: peakOf(data.runs.flatMap(({ timeline }) => (instance ? instancesOf(timeline) : [""]).map((name) => codesOf(timeline, name)))),
      };
    },
    errors() {
      return overTime((timeline) => [["", timeline.errors.ratio, false]], said.ratio, { top: 0.01 });
    },
    latency() {
      const single = data.runs.length === 1;
      return overTime(
        ({ latency }) =>
          single
            ? [["median", latency.p50_ms, false, "c4"], ["95 %", latency.p95_ms, false, "c5"], ["99 %", latency.p99_ms, false, "c2"], ["longest", latency.max_ms, true, "c1"]]
            : [["99 %", latency.p99_ms, false], ["median", latency.p50_ms, true]],
        said.ms, { log: true }
      );
    },
    distribution() {
      const single = data.runs.length === 1;
      const series = [];
      let xs = [];
      for (const run of data.runs) {
        const spread = run.timeline.distribution;
        if (spread.percents.length > xs.length) xs = spread.percents.map((p) => 1 / (1 - p / 100));
        const windows = single ? [["before the fault", "before", "c4"], ["during", "fault", "c1"], ["after", "after", "c5"]] : [["", "all", run.mode], ["during the fault", "fault", run.mode]];
        if (single && !spread.fault.length) windows.splice(0, 3, ["all requests", "all", "c4"]);
        windows.forEach(([label, window, tint], n) => {
          if (!spread[window].length) return;
          series.push({ label: [single ? "" : run.mode, label].filter(Boolean).join(" "), colour: tint, dashed: !single && n === 1, values: spread.percents.map((_, at) => spread[window][at] ?? null) });
        });
      }
      const last = Math.max(...series.map((one) => one.values.filter((v) => v !== null).length), 1);
      return { x: "percentile", xs: xs.slice(0, last), series: series.map((one) => ({ ...one, values: one.values.slice(0, last) })), said: said.ms, log: true, faults: [] };
    },
    busy(figure) {
      const { timeline } = data.runs[+figure.dataset.run];
      const lines = timeline.lines.filter((line) => line.label === "busy");
      const xs = [...new Set(lines.flatMap((line) => line.at))].sort((a, b) => a - b);
      return {
        x: "time", xs: xs.map((at) => at - timeline.start_at), said: said.ratio, faults: faultsOf(timeline), range: [0, 1],
        series: lines.map((line, n) => {
          const at = new Map(line.at.map((instant, place) => [instant, line.values[place]]));
          return { label: line.instance, colour: ["c4", "c2", "c3", "c5", "c1", "c6"][n % 6], values: xs.map((x) => at.get(x) ?? null), gaps: true };
        }),
      };
    },
  };

  function overTime(read, say, more) {
    const series = [];
    let xs = [];
    for (const run of data.runs) {
      for (const [label, values, dashed, tint] of read(run.timeline)) {
        if (values.length > xs.length) xs = steps(run.timeline, values);
        series.push({ label: data.runs.length > 1 ? [run.mode, label].filter(Boolean).join(" ") : label || "all requests", colour: tint || run.mode || "c4", dashed, values });
      }
    }
    return { x: "time", xs, series: series.map((one) => ({ ...one, stepped: true, values: xs.map((_, n) => one.values[n] ?? null) })), said: say, faults: faultsOf(data.runs[0].timeline), ...more };
  }

  function faultsOf(timeline) {
    const span = (one, from, label, disturbance) => ({ from: from - timeline.start_at, to: (one.ended_at ?? timeline.end_at) - timeline.start_at, label, disturbance });
    return [
      // a timeline that was written before disturbances were has none
      ...(timeline.disturbances || []).map((one) => span(one, one.began_at, wordsOf(one), true)),
      ...timeline.faults
        .filter((fault) => fault.applied_at !== null)
        .map((fault) => span(fault, fault.applied_at, [fault.kind, fault.instance].filter(Boolean).join(" on "), false)),
    ];
  }
  function wordsOf({ service, delay_ms, fail_ratio }) {
    const what = [delay_ms === null ? "" : `${delay_ms} ms a call`, fail_ratio === null ? "" : `${+(fail_ratio * 100).toFixed(1)} % fail`];
    return `${service}: ${what.filter(Boolean).join(", ")}`;
  }

  const instancesOf = (timeline) => [...new Set(timeline.requests.map((one) => one.instance))];
  const peakOf = (all) => Math.max(1, ...all.map((series) => Math.max(0, ...stacked(series.map((one) => one.values)).at(-1) ?? [0])));

  function stacked(rows) {
    const sums = [];
    rows.forEach((row, n) => sums.push(row.map((v, at) => v + (n ? sums[n - 1][at] : 0))));
    return sums;
  }

  // --- one plot ------------------------------------------------------------------------------------------------
  function draw(figure) {
    const shown = kinds[figure.dataset.kind](figure);
    const host = figure.querySelector(".plot");
    host.replaceChildren();
    const quiet = colour("quiet"), line = colour("line");
    const rows = shown.stacked ? stacked(shown.series.map((one) => one.values)) : shown.series.map((one) => one.values);
    // the highest sum is drawn first, and what lies below is drawn over it
    const order = shown.series.map((_, n) => n);
    if (shown.stacked) order.reverse();
    const overTimeAxis = shown.x === "time";
    const all = overTimeAxis ? wholeRun : [shown.xs[0], shown.xs[shown.xs.length - 1]];
    // a step reaches to the end of its slot, also the last one
    const stepped = shown.stacked || shown.series.some((one) => one.stepped);
    const longer = (values, more) => (stepped && values.length ? values.concat(more) : values);
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
        y: shown.log ? { distr: 3, log: 10, range: (u, low, high) => decades(low, high) } : { range: (u, low, high) => shown.range || [0, Math.max(shown.top || 0, high || 0) * 1.08] },
      },
      axes: [
        { stroke: quiet, grid: { show: false }, ticks: { stroke: line, width: 1, size: 5 }, font: "12px system-ui, sans-serif", size: 30, space: overTimeAxis ? 60 : 40,
          values: (u, at) => at.map((v) => (v === null ? "" : overTimeAxis ? trimmedSeconds(v) : said.percentile(v))) },
        { stroke: quiet, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif", size: AXIS_PX, space: 34, splits: shown.log ? (u, axis, low, high) => powers(low, high) : undefined,
          values: (u, at) => at.map((v) => (v === null ? "" : shown.said(v))) },
      ],
      series: [{}].concat(order.map((n) => seriesOf(shown, shown.series[n]))),
      hooks: {
        setSelect: [(u) => u.select.width > 4 && setZoom([u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x")])],
        draw: [(u) => placeFaults(u, shown), (u) => placeLanes(u, figure)],
        setCursor: [(u) => tell(u, shown, figure)],
      },
    };
    const plot = new uPlot(options, [longer(shown.xs, wholeRun[1])].concat(order.map((n) => longer(rows[n], rows[n].at(-1)))), host);
    host.append(element("div", { className: "tip", hidden: true }));
    writeLegend(figure, shown);
    if (figure.querySelector(".lanes")) writeLanes(figure, shown);
    const entry = { figure, host, plot, shown, overTimeAxis, all };
    plots.push(entry);
    if (!host.dataset.wired) wire(host, figure);
    return entry;
  }

  function seriesOf(shown, one) {
    const stroke = colour(one.colour);
    return {
      label: one.label, stroke, width: shown.stacked ? 0 : one.dashed ? 1.5 : 2, dash: one.dashed ? DASH : undefined, points: { show: false },
      fill: shown.stacked ? stroke : undefined, paths: shown.stacked || one.stepped ? uPlot.paths.stepped({ align: 1 }) : undefined, spanGaps: !!one.gaps,
    };
  }

  function decades(low, high) {
    if (!(low > 0)) return [1, 100];
    return [10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(high * 1.02))];
  }
  function powers(low, high) {
    const found = [];
    for (let power = Math.ceil(Math.log10(low) - 1e-9); power <= Math.log10(high) + 1e-9; power++) found.push(+`1e${power}`);
    return found;
  }
  const trimmedSeconds = (v) => +v.toFixed(3) + " s";

  function placeFaults(u, shown) {
    u.over.querySelectorAll(".window").forEach((old) => old.remove());
    for (const fault of shown.faults) {
      const { min, max } = u.scales.x;
      const from = Math.max(fault.from, min), to = Math.min(fault.to, max);
      if (to <= from) continue;
      const left = u.valToPos(from, "x"), width = u.valToPos(to, "x") - left;
      const window_ = element("div", { className: fault.disturbance ? "window disturbance" : "window" }, ...(width > 60 ? [element("span", { textContent: fault.label })] : []));
      Object.assign(window_.style, { left: left + "px", width: width + "px" });
      u.over.append(window_);
    }
  }

  // --- bands under a plot: what state an instance was in -----------------------------------------------------------
  function writeLanes(figure, shown) {
    const lanes = figure.querySelector(".lanes");
    lanes.replaceChildren();
    const { timeline } = data.runs[+figure.dataset.run];
    const named = new Map();
    for (const band of shown.lanes) {
      const name = band.instance + " " + band.of;
      named.set(name, [...(named.get(name) || []), band]);
    }
    for (const [name, bands] of [...named].sort()) {
      const track = element("div", { className: "track" });
      for (const band of bands) {
        const spell = element("div", { className: "spell" });
        spell.dataset.state = band.state;
        spell.dataset.from = band.from_at - timeline.start_at;
        spell.dataset.to = band.to_at - timeline.start_at;
        spell.title = name + ": " + band.state + " from " + said.seconds(+spell.dataset.from) + " to " + said.seconds(+spell.dataset.to);
        spell.style.setProperty("--swatch", "var(--" + (band.of === "breaker" ? (band.state === "open" ? "c2" : "c5") : "c7") + ")");
        if (band.of === "breaker") spell.style.color = "#1c2024";
        track.append(spell);
      }
      const words = bands.map((band) => band.state + " from " + said.seconds(band.from_at - timeline.start_at) + " to " + said.seconds(band.to_at - timeline.start_at)).join(", ");
      lanes.append(element("div", { className: "lane" }, element("span", { className: "name", textContent: name }, element("span", { className: "hidden", textContent: ": " + words })), track));
      track.setAttribute("aria-hidden", "true");
    }
    const entry = plots.find((one) => one.figure === figure);
    if (entry) placeLanes(entry.plot, figure);
    else requestAnimationFrame(() => placeLanes((plots.find((one) => one.figure === figure) || {}).plot, figure));
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
      ...shown.series.map((one) => {
        const mark = element("i", { className: shown.stacked ? "" : "line" + (one.dashed ? " dashed" : "") });
        mark.style.setProperty("--swatch", "var(--" + one.colour + ")");
        return element("li", {}, mark, one.label);
      })
    );
  }

  // --- what the pointer, a finger or the arrow keys point at --------------------------------------------------------
  function tell(u, shown, figure) {
    const tip = figure.querySelector(".tip");
    if (!tip) return;
    const at = u.cursor.idx === null || u.cursor.idx === undefined ? null : Math.min(u.cursor.idx, shown.xs.length - 1), left = u.cursor.left;
    const mine = figure.matches(":hover") || figure.contains(document.activeElement);
    if (at === null || left === undefined || left < 0 || !mine) {
      tip.hidden = true;
      return;
    }
    const x = shown.x === "time" ? said.seconds(shown.xs[at]) : said.percentile(shown.xs[at]) + " of the requests took at most";
    const lines = shown.series.map((one) => ({ ...one, value: one.values[at] })).filter((one) => one.value !== null && one.value !== undefined && (!shown.stacked || one.value > 0));
    tip.replaceChildren(
      element("b", { textContent: x }),
      ...lines.map((one) => {
        const swatch = element("i");
        swatch.style.setProperty("--swatch", "var(--" + one.colour + ")");
        return element("div", {}, swatch, element("span", { textContent: one.label }), element("span", { textContent: shown.said(one.value) }));
      })
    );
    tip.hidden = false;
    const x0 = AXIS_PX + left, width = tip.offsetWidth;
    tip.style.left = Math.max(0, x0 + 14 + width > figure.clientWidth ? x0 - width - 14 : x0 + 14) + "px";
    tip.style.top = "14px";
    if (document.activeElement === figure.querySelector(".plot")) {
      live.textContent = x + ": " + (lines.map((one) => one.label + " " + shown.said(one.value)).join(", ") || "nothing");
    }
  }

  function entryOf(figure) {
    return plots.find((one) => one.figure === figure);
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
    const first = plots.find((one) => one.overTimeAxis);
    if (!first) return;
    const [low, high] = zoom || first.all, half = Math.max(0.5, ((high - low) * factor) / 2);
    const middle = centre ?? (low + high) / 2;
    const from = Math.max(first.all[0], middle - half), to = Math.min(first.all[1], middle + half);
    setZoom(to - from >= first.all[1] - first.all[0] ? null : [from, to]);
  }
  function zoomToFault() {
    const first = plots.find((one) => one.overTimeAxis && one.shown.faults.length);
    if (!first) return;
    const shown = first.shown.faults, faults = shown.some((f) => !f.disturbance) ? shown.filter((f) => !f.disturbance) : shown;
    setZoom([Math.max(first.all[0], Math.min(...faults.map((f) => f.from)) - 3), Math.min(first.all[1], Math.max(...faults.map((f) => f.to)) + 6)]);
  }
  const actions = { whole: () => setZoom(null), fault: zoomToFault, in: () => zoomBy(0.5), out: () => zoomBy(2) };
  document.querySelectorAll(".tools button").forEach((button) => button.addEventListener("click", actions[button.dataset.action]));

  // --- the data of a plot as a table, for those who would rather read it ---------------------------------------------
  document.querySelectorAll("figure details").forEach((box) =>
    box.addEventListener("toggle", () => {
      const holder = box.querySelector(".data");
      if (!box.open || holder.childElementCount) return;
      const { shown } = entryOf(box.closest("figure"));
      const head = element("tr", {}, ...[shown.x === "time" ? "at" : "share", ...shown.series.map((one) => one.label)].map((name) => element("th", { scope: "col", textContent: name })));
      const rows = shown.xs.map((x, n) =>
        element("tr", {}, element("th", { scope: "row", textContent: shown.x === "time" ? said.seconds(x) : said.percentile(x) }),
          ...shown.series.map((one) => element("td", { textContent: one.values[n] === null ? "–" : shown.said(one.values[n]) }))));
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
