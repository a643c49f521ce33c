// Norms by position, and the chosen head in numbers.

// --- norms by position -----------------------------------------------------

const norms = [];
function drawNorms() {
  for (const chart of norms) {
    const width = chart.canvas.parentElement.clientWidth;
    const height = second ? 150 : 190;
    const lines = conditions
      .filter((c) => has(c, state.layer, state.head) && c[chart.key](state.layer, state.head))
      .map((c) => ({ c, y: c[chart.key](state.layer, state.head) }));
    chart.title.textContent = chart.name;
    chart.canvas.setAttribute("aria-label", `${chart.name} by position`);
    const g = sheet(chart.canvas, width, height);
    const box = { x: 46, y: 8, w: width - 54, h: height - 36 };
    Object.assign(chart, { x: box.x, w: box.w });
    const values = lines.flatMap((l) => l.y).filter((v) => v > 0);
    if (values.length === 0) {
      g.textAlign = "left";
      g.fillText("not recorded", 0, 20);
      continue;
    }
    // Both are logarithmic: a sink's value is several times shorter, its residual
    // stream many times longer than the others'.
    let lo = Math.log10(Math.min(...values)) - 0.06;
    let hi = Math.log10(Math.max(...values)) + 0.06;
    const x = (slot) => box.x + ((slot + 0.5) / slots) * box.w;
    const y = (v) => box.y + (1 - (Math.log10(v) - lo) / (hi - lo)) * box.h;
    logTicks(lo, hi).forEach(([v, label]) => {
      g.fillStyle = theme("line");
      g.fillRect(box.x, snap(y(v)), box.w, 1 / ratio());
      g.fillStyle = theme("muted");
      g.textAlign = "right";
      g.fillText(label, box.x - 5, y(v));
    });
    g.fillStyle = theme("muted");
    g.textAlign = "center";
    const every = [1, 2, 5, 10, 20, 50, 100, 200].find((e) => (e / slots) * box.w > 34) ?? 500;
    for (let p = 0; p < slots; p += every) g.fillText(String(p + 1), x(p), box.y + box.h + 11);
    g.fillText("position", box.x + box.w / 2, box.y + box.h + 23);
    const a = active();
    if (a) {
      g.globalAlpha = 0.25;
      g.fillStyle = theme("ink");
      g.fillRect(x(a.slot) - Math.max(1, box.w / slots / 2), box.y, Math.max(2, box.w / slots), box.h);
      g.globalAlpha = 1;
    }
    for (const { c, y: row } of lines) {
      g.strokeStyle = g.fillStyle = seriesColour(c);
      g.lineWidth = 1.6;
      g.setLineDash(c.index === 0 ? [] : [5, 2]);
      stroke(g, row.map((v, p) => [x(p + c.first), y(Math.max(v ?? 0, 10 ** lo))]));
      g.setLineDash([]);
      const p = here(c);
      if (p >= 0) {
        g.beginPath();
        g.arc(x(p + c.first), y(Math.max(row[p] ?? 0, 10 ** lo)), 3.5, 0, 7);
        g.fill();
      }
    }
    const said = lines.filter(({ c }) => here(c) >= 0).map(({ c, y: row }) => number(row[here(c)]));
    if (said.length) chart.title.textContent += `: ${said.join(" | ")}`;
  }
}

function logTicks(lo, hi) {
  const out = [];
  const narrow = hi - lo < 1.5;
  for (let e = Math.floor(lo); e <= hi; e++) {
    for (const k of narrow ? [1, 2, 5] : [1]) {
      const v = k * 10 ** e;
      if (Math.log10(v) >= lo && Math.log10(v) <= hi) out.push([v, v >= 1e4 ? `10${[...String(e)].map((d) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[d]).join("")}` : String(Number(v.toPrecision(2)))]);
    }
  }
  return out.length > 6 ? out.filter((_, i) => i % 2 === 0) : out;
}

// --- the chosen head in numbers --------------------------------------------

function drawNumbers() {
  $("head-title").textContent = `Layer ${state.layer + 1}, head ${state.head + 1}`;
  const row = (name, value, c) => {
    const th = element("th", { scope: "row" }, name);
    if (c && second) th.prepend(swatch(c));
    return element("tr", { className: c ? "" : "difference" }, ...(second ? [th] : []), ...quantities.map((q) => element("td", {}, value(q))));
  };
  const at = (c, q) => (has(c, state.layer, state.head) ? c[q.key]?.[state.layer * c.H + state.head] : null);
  const body = conditions.map((c) => row(c.name, (q) => number(at(c, q)), c));
  if (second && sameHeads) {
    body.push(row("difference", (q) => {
      const [a, b] = [at(first, q), at(second, q)];
      return a == null || b == null ? "–" : signed(b - a);
    }));
  }
  const head = element("tr", {}, ...(second ? [element("td")] : []), ...quantities.map((q) => element("th", { scope: "col", title: q.full }, q.full.split(",")[0])));
  $("numbers").replaceChildren(element("thead", {}, head), element("tbody", {}, ...body));
}
