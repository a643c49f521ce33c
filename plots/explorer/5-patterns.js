// Patterns of the chosen head.

// --- patterns --------------------------------------------------------------

const panels = [];
function buildPanels() {
  const kinds = [...conditions];
  if (difference) kinds.push("difference");
  for (const kind of kinds) {
    const canvas = element("canvas");
    canvas.setAttribute("role", "img");
    const title = element("h2");
    const readout = element("p", { className: "readout" });
    const id = kind === "difference" ? "difference" : String(kind.index);
    const wide = element("button", { type: "button", title: "Over the whole width, and back" }, "⤢");
    wide.setAttribute("aria-label", "Over the whole width");
    wide.addEventListener("click", () => change({ wide: state.wide === id ? null : id }));
    const card = element("div", { className: "card", dataset: { panel: id } }, element("div", { className: "panel-head" }, title, ...(second ? [wide] : [])), canvas, readout);
    const panel = { kind, id, card, canvas, title, readout, wide };
    const cellAt = (e) => {
      const box = canvas.getBoundingClientRect();
      const s = Math.floor(((e.clientX - box.left - panel.x) / panel.side) * panel.n);
      const t = Math.floor(((e.clientY - box.top - panel.y) / panel.side) * panel.n);
      const inside = (i) => i >= 0 && i < panel.n;
      if (inside(t) && inside(s)) return { t, s: Math.min(s, t) };
      if (inside(t) && s < 0) return { t, s: null };
      if (inside(s) && t >= panel.n) return { t: s, s: null };
      return null;
    };
    const asToken = (cell) => cell && { slot: cell.t, from: kind === "difference" ? 0 : kind.index };
    canvas.addEventListener("pointermove", (e) => {
      panel.cell = cellAt(e);
      canvas.style.cursor = panel.cell ? "crosshair" : "default";
      point(asToken(panel.cell));
    });
    canvas.addEventListener("pointerleave", () => {
      panel.cell = null;
      point(null);
    });
    canvas.addEventListener("click", (e) => {
      const cell = asToken(cellAt(e));
      if (cell) pin(cell);
    });
    $("panels").append(card);
    panels.push(panel);
  }
  const charts = element("div", { className: "card charts" });
  for (const [key, name] of [["valueNorms", "Value norm ‖v‖"], ["residNorms", "Residual norm ‖x‖ after the layer"]]) {
    const canvas = element("canvas");
    canvas.setAttribute("role", "img");
    const chart = { key, name, canvas, title: element("h2") };
    canvas.addEventListener("pointermove", (e) => {
      const slot = Math.floor(((e.clientX - canvas.getBoundingClientRect().left - chart.x) / chart.w) * slots);
      point(slot >= 0 && slot < slots ? { slot, from: 0 } : null);
    });
    canvas.addEventListener("pointerleave", () => point(null));
    charts.append(element("div", {}, chart.title, canvas));
    norms.push(chart);
  }
  $("panels").append(charts);
  $("panels").classList.toggle("one", !second);
  document.querySelector("main").classList.toggle("one", !second);
}

function panelValue(panel) {
  if (panel.kind === "difference") return (t, s) => at(second, t, s) - at(first, t, s);
  return (t, s) => at(panel.kind, t, s);
}

function drawPanels() {
  for (const panel of panels) {
    const { kind, canvas } = panel;
    const isDifference = kind === "difference";
    panel.title.textContent = isDifference ? `Difference: ${second.name} − ${first.name}` : second ? kind.name : "Who looks where";
    canvas.setAttribute("aria-label", `Attention pattern, ${panel.title.textContent}: row = query, column = key`);
    panel.card.classList.toggle("wide", state.wide === panel.id);
    panel.wide.setAttribute("aria-pressed", String(state.wide === panel.id));
    panel.n = data.aligned ? slots : kind.T;
    if (!isDifference && !has(kind, state.layer, state.head)) {
      const g = sheet(canvas, panel.card.clientWidth - 30, 40);
      g.textAlign = "left";
      g.fillText(`This model has ${kind.L} layers of ${kind.H} heads.`, 0, 20);
      panel.x = panel.y = 0;
      panel.side = 1;
      continue;
    }
    drawPattern(panel, isDifference ? differenceColour : attentionColour);
  }
}

function drawPattern(panel, colour) {
  const { canvas, n } = panel;
  const names = Array.from({ length: n }, (_, i) => shorten(token(i, panel.kind === "difference" ? null : panel.kind) || "–"));
  const width = panel.card.clientWidth - 30;
  const measure = canvas.getContext("2d");
  measure.font = "11px system-ui, sans-serif";
  const all = new Set(conditions.flatMap((c) => c.tokens.map((x) => shorten(x)))); // so that panels align
  const label = Math.ceil(Math.min(90, Math.max(...[...all].map((x) => measure.measureText(x).width)))) + 8;
  // Whole device pixels a cell, as in the figures; below one, a pixel shows the
  // largest of its weights.
  const r = ratio();
  const room = Math.min(width - label - 2, state.wide === panel.id ? 1100 : 760);
  const cell = Math.min(Math.floor((room * r) / n), Math.round(26 * r));
  const pixels = cell >= 1 ? n * cell : Math.max(1, Math.floor(room * r));
  const side = pixels / r;
  Object.assign(panel, { x: label, y: 2, side });
  canvas.pattern = panel;
  const g = sheet(canvas, width, side + label + 4);

  const m = Math.min(n, pixels);
  const key = [state.layer, state.head, m, document.documentElement.dataset.theme].join();
  if (panel.key !== key) Object.assign(panel, { key, image: picture(panelValue(panel), n, m, colour) });
  const image = panel.image;
  g.imageSmoothingEnabled = false;
  const paint = () => g.drawImage(image, panel.x, panel.y, side, side);
  paint();
  const a = active();
  const k = a && (data.aligned || a.from === panel.kind.index) && a.slot < n ? a.slot : null;
  const unit = side / n;
  if (k !== null) {
    // All but the row of what it looks at and the column of who looks at it fades.
    g.globalAlpha = 0.72;
    g.fillStyle = theme("card");
    g.fillRect(panel.x, panel.y, side, side);
    g.globalAlpha = 1;
    g.save();
    g.beginPath();
    g.rect(panel.x, panel.y + k * unit, (k + 1) * unit, unit);
    g.rect(panel.x + k * unit, panel.y + k * unit, unit, (n - k) * unit);
    g.clip();
    paint();
    g.restore();
  }
  labelPattern(g, panel, names, unit, k);
  const isDifference = panel.kind === "difference";
  const wide = Math.min(150, side * 0.42);
  if (wide > 60) {
    const left = panel.x + side - wide;
    g.fillStyle = theme("muted");
    g.textAlign = "left";
    g.fillText(isDifference ? "difference of attention" : "attention", left, panel.y + 6);
    const ticks = isDifference ? [[0, "−1"], [0.5 - Math.sqrt(0.1) / 2, "−.1"], [0.5, "0"], [0.5 + Math.sqrt(0.1) / 2, ".1"], [1, "1"]]
      : [[0, "0"], [Math.sqrt(0.1), "0.1"], [Math.sqrt(0.4), "0.4"], [1, "1"]];
    bar(g, left, panel.y + 14, wide, 7, (t) => shade(isDifference ? diverging : viridis, t), ticks);
  }
  readCell(panel);
}

// picture is the pattern in m × m pixels: rows are queries, future keys grey.
function picture(value, n, m, colour) {
  const canvas = element("canvas", { width: m, height: m });
  const g = canvas.getContext("2d");
  const image = g.createImageData(m, m);
  const future = rgb("future");
  for (let y = 0; y < m; y++) {
    for (let x = 0; x < m; x++) {
      let c = future;
      if (m === n) {
        if (x <= y) c = colour(value(y, x));
      } else {
        let best = null;
        for (let t = Math.floor((y * n) / m); t < ((y + 1) * n) / m; t++) {
          for (let s = Math.floor((x * n) / m); s < ((x + 1) * n) / m && s <= t; s++) {
            const v = value(t, s);
            if (best === null || Math.abs(v) > Math.abs(best)) best = v;
          }
        }
        if (best !== null) c = colour(best);
      }
      image.data.set([...c, 255], 4 * (y * m + x));
    }
  }
  g.putImageData(image, 0, 0);
  return canvas;
}

function labelPattern(g, panel, names, unit, k) {
  const every = Math.ceil(11.5 / unit);
  const end = panel.y + panel.side;
  for (let i = 0; i < names.length; i++) {
    if (i !== k && (i % every !== 0 || (k !== null && Math.abs(i - k) * unit < 11))) continue;
    g.fillStyle = theme(i === k ? "ink" : "muted");
    g.font = `${i === k ? "600 " : ""}11px system-ui, sans-serif`;
    g.textAlign = "right";
    g.fillText(names[i], panel.x - 4, panel.y + (i + 0.5) * unit);
    g.save();
    g.translate(panel.x + (i + 0.5) * unit, end + 4);
    g.rotate(-Math.PI / 2);
    g.fillText(names[i], 0, 0);
    g.restore();
  }
  g.font = "11px system-ui, sans-serif";
}

function readCell(panel) {
  const cell = panel.cell;
  if (!cell || cell.s === null || cell.t >= panel.n) {
    panel.readout.textContent = panel.kind === "difference" ? `red: more in ${second.name}` : "row: query, column: key";
    return;
  }
  const only = panel.kind === "difference" || data.aligned ? null : panel.kind;
  const v = panelValue(panel)(cell.t, cell.s);
  const x = panel.kind === "difference" && v > 0 ? `+${share(v)}` : share(v);
  panel.readout.textContent = `${token(cell.t, only)} → ${token(cell.s, only)}: ${x}`;
}
