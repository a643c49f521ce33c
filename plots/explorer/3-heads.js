// The map of heads, and the rate at every threshold.

// --- the map of heads ------------------------------------------------------

function mapValues(kind) {
  const key = state.map;
  if (kind !== "difference") return kind[key];
  if (!first[key] || !second[key]) return null;
  return second[key].map((x, i) => (x === null || first[key][i] === null ? null : x - first[key][i]));
}

function mapRange(kinds) {
  const all = kinds.flatMap((k) => mapValues(k) ?? []).filter((x) => x !== null);
  return Math.max(...all.map(Math.abs), 1e-9);
}

const maps = []; // {kind, canvas, cell geometry}
function buildMaps() {
  const kinds = [...conditions];
  if (second && sameHeads) kinds.push("difference");
  for (const kind of kinds) {
    const canvas = element("canvas", { tabIndex: 0 });
    canvas.setAttribute("role", "img");
    const name = kind === "difference" ? "difference" : kind.name;
    canvas.setAttribute("aria-label", `Map of heads, ${name}: choose with the arrow keys`);
    const map = { kind, canvas, L: (kind.L ?? first.L), H: (kind.H ?? first.H) };
    const caption = element("figcaption", { title: name }, name);
    if (second && kind !== "difference") caption.prepend(swatch(kind));
    if (second) map.caption = caption;
    $("maps").append(element("figure", {}, ...(second ? [caption] : []), canvas));
    const cellAt = (e) => {
      const box = canvas.getBoundingClientRect();
      const h = Math.floor((e.clientX - box.left - map.x) / map.w);
      const row = Math.floor((e.clientY - box.top - map.y) / map.h);
      return h >= 0 && h < map.H && row >= 0 && row < map.L ? { layer: map.L - 1 - row, head: h } : null;
    };
    canvas.addEventListener("click", (e) => {
      const cell = cellAt(e);
      if (cell) change(cell);
    });
    canvas.addEventListener("pointermove", (e) => {
      const cell = cellAt(e);
      canvas.style.cursor = cell ? "pointer" : "default";
      const x = cell && mapValues(kind)?.[cell.layer * map.H + cell.head];
      canvas.title = cell ? `layer ${cell.layer + 1}, head ${cell.head + 1}: ${kind === "difference" ? signed(x) : number(x)}` : "";
    });
    maps.push(map);
  }
}

function drawMaps() {
  const q = quantities.find((x) => x.key === state.map);
  const room = $("maps").clientWidth;
  const columns = maps.reduce((n, m) => n + m.H, 0);
  const margin = 22;
  const cell = snap(Math.max(4, Math.min(28, Math.floor((room - maps.length * (margin + 8)) / columns))));
  const height = snap(Math.max(5, Math.min(18, 520 / Math.max(...maps.map((m) => m.L)))));
  const range = q.max ?? mapRange(conditions);
  const place = (x) => (q.root ? Math.sqrt(x / range) : x / range); // a few heads write many times as much as most
  const span = second && sameHeads ? mapRange(["difference"]) : 1;
  for (const map of maps) {
    Object.assign(map, { x: margin, y: 2, w: cell, h: height });
    map.canvas.map = map; // for tests, as below: where things are
    if (map.caption) map.caption.style.width = `${margin + cell * map.H + 4}px`;
    const g = sheet(map.canvas, margin + cell * map.H + 4, height * map.L + 20);
    const values = mapValues(map.kind);
    for (let l = 0; l < map.L; l++) {
      for (let h = 0; h < map.H; h++) {
        const i = l * map.H + h;
        const x = values?.[i] ?? null;
        const colour = x === null ? rgb("missing") : map.kind === "difference" ? shade(diverging, (1 + x / span) / 2) : shade(viridis, place(x));
        const left = map.x + h * cell;
        const top = map.y + (map.L - 1 - l) * height;
        g.fillStyle = css(colour);
        g.fillRect(left, top, cell, height);
        if (map.kind !== "difference" && map.kind.score[i] > state.eps) {
          g.fillStyle = inkOn(colour);
          g.beginPath();
          g.arc(left + cell / 2, top + height / 2, Math.min(2.4, height / 4, cell / 4), 0, 7);
          g.fill();
        }
      }
    }
    labelMap(g, map);
    if (state.layer < map.L && state.head < map.H) {
      const left = map.x + state.head * cell;
      const top = map.y + (map.L - 1 - state.layer) * height;
      g.lineWidth = 4;
      g.strokeStyle = theme("card");
      g.strokeRect(left, top, cell, height);
      g.lineWidth = 2;
      g.strokeStyle = theme("ink");
      g.strokeRect(left, top, cell, height);
    }
  }
  const g = sheet($("map-bar"), room, 40);
  const half = second && sameHeads ? Math.min(room / 2 - 20, 180) : Math.min(room - 8, 240);
  g.textAlign = "left";
  g.fillText(q.full, 0, 6);
  bar(g, 0, 14, half, 8, (t) => shade(viridis, t), [[0, "0"], [0.5, short(range * (q.root ? 0.25 : 0.5))], [1, short(range)]]);
  if (second && sameHeads) {
    g.textAlign = "left";
    g.fillText("difference", room - half, 6);
    bar(g, room - half, 14, half, 8, (t) => shade(diverging, t), [[0, `−${short(span)}`], [0.5, "0"], [1, short(span)]]);
  }
}

const short = (x) => String(Number(x.toPrecision(2)));

function labelMap(g, map) {
  g.fillStyle = theme("muted");
  g.textAlign = "right";
  const rows = Math.ceil(13 / map.h);
  for (let l = 0; l < map.L; l += rows) g.fillText(String(l + 1), map.x - 4, map.y + (map.L - 0.5 - l) * map.h);
  g.textAlign = "center";
  const columns = Math.ceil(15 / map.w);
  for (let h = 0; h < map.H; h += columns) g.fillText(String(h + 1), map.x + (h + 0.5) * map.w, map.y + map.L * map.h + 9);
}

// --- the threshold ---------------------------------------------------------

function drawRates() {
  $("epsilon").value = state.eps;
  $("epsilon-value").textContent = state.eps.toFixed(2);
  $("rates").replaceChildren(
    ...conditions.map((c) => {
      const r = rate(c, state.eps);
      const line = element("div", {}, element("b", {}, percent(r.share)), ` ${r.over} of ${r.of} heads${second ? `, ${c.name}` : ""}`);
      if (second) line.prepend(swatch(c));
      return line;
    }),
  );
  $("even").textContent = `Dotted: even attention, α₁ = ${conditions.map((c) => even(c).toFixed(3)).filter((x, i, all) => all.indexOf(x) === i).join(" and ")}. Below it a head gives token 1 less than an even share.`;

  const width = $("rates").clientWidth;
  const height = 96;
  const g = sheet($("rate-chart"), width, height);
  // The slider's thumb travels between half its width from either end.
  const box = { x: 8, y: 6, w: width - 16, h: height - 24 };
  const x = (eps) => box.x + (eps / 0.99) * box.w;
  const y = (share) => box.y + (1 - share) * box.h;
  g.textAlign = "center";
  for (const tick of [0, 0.2, 0.4, 0.6, 0.8]) {
    g.fillStyle = theme("muted");
    g.fillText(String(tick), x(tick), height - 8);
    g.fillStyle = theme("line");
    g.fillRect(snap(x(tick)), box.y, 1 / ratio(), box.h);
  }
  g.textAlign = "right";
  for (const tick of [0, 0.5, 1]) {
    g.fillStyle = theme("line");
    g.fillRect(box.x, snap(y(tick)), box.w, 1 / ratio());
    g.fillStyle = theme("muted");
    if (tick > 0) g.fillText(`${100 * tick} %`, box.x + box.w, y(tick) + 8);
  }
  for (const c of conditions) {
    g.strokeStyle = theme("muted");
    g.lineWidth = 1;
    g.setLineDash([1.5, 2.5]);
    stroke(g, [[x(even(c)), box.y], [x(even(c)), box.y + box.h]]);
    const sorted = c.score.map((s) => s ?? 0).sort((a, b) => a - b);
    const points = [[x(0), y(rate(c, 0).share)]];
    sorted.forEach((s, i) => {
      points.push([x(Math.min(s, 0.99)), y((sorted.length - i) / sorted.length)], [x(Math.min(s, 0.99)), y((sorted.length - i - 1) / sorted.length)]);
    });
    g.strokeStyle = seriesColour(c);
    g.lineWidth = 2;
    g.setLineDash(c.index === 0 ? [] : [5, 2]);
    stroke(g, points);
  }
  g.setLineDash([]);
  g.fillStyle = theme("ink");
  g.fillRect(snap(x(state.eps)), box.y - 4, Math.max(1, 1 / ratio()), box.h + 8);
}

function stroke(g, points) {
  g.beginPath();
  points.forEach(([px, py], i) => (i ? g.lineTo(px, py) : g.moveTo(px, py)));
  g.stroke();
}
