"use strict";
// Draws the explorer. All text reaches the page as textContent or on a canvas, so
// that no token is ever read as markup; the page's policy forbids any other script
// and any request.
(() => {
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("data").textContent);
  const conditions = data.conditions.map(unpack);
  const [first, second] = conditions;
  const sameHeads = !second || (first.L === second.L && first.H === second.H);
  const difference = second && data.aligned && sameHeads;
  const viridis = colours(data.viridis);
  const diverging = colours(data.difference);

  const quantities = [
    { key: "score", name: "α₁", full: "sink score α₁", max: 1 },
    { key: "entropy", name: "entropy", full: "entropy, nats" },
    { key: "ratio", name: "value ratio", full: "value ratio ‖v₁‖ / mean ‖v‖" },
    { key: "write", name: "write", full: "write, norm of what the head adds", root: true },
  ].filter((q) => conditions.some((c) => c[q.key]));

  // Positions of aligned conditions share one axis of slots: the texts coincide, and
  // what stands in front of them ends where they begin.
  const lead = data.aligned ? Math.max(...conditions.map((c) => c.lead)) : 0;
  for (const c of conditions) c.first = data.aligned ? lead - c.lead : 0;
  const slots = Math.max(...conditions.map((c) => c.first + c.T));

  // The first look is at the strongest sink, or where two conditions differ most.
  const telling = first.score.map((x, i) => (second && sameHeads ? Math.abs(second.score[i] - x) : x) || 0);
  const strongest = telling.indexOf(Math.max(...telling));
  const start = {
    layer: Math.floor(strongest / first.H), head: strongest % first.H,
    map: "score", eps: data.epsilon, token: null, from: null, wide: null, theme: null,
  };
  const state = { ...start };
  let hover = null; // {slot, from}: the token under the pointer; from is its condition where axes differ
  let printing = false;

  // --- data ---------------------------------------------------------------

  function unpack(c, index) {
    const binary = atob(c.patterns);
    const bytes = new Uint8Array(binary.length);
    for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
    const T = c.tokens.length;
    const size = (T * (T + 1)) / 2;
    return {
      ...c, T, index, patterns: null,
      // A[t, s] of a head, s ≤ t: kept as 255·√A.
      weight: (l, h, t, s) => (bytes[(l * c.H + h) * size + (t * (t + 1)) / 2 + s] / 255) ** 2,
      valueNorms: (l, h) => c.valueNorm && slice(c.valueNorm, (l * c.K + Math.floor((h * c.K) / c.H)) * T, T),
      residNorms: (l) => c.residNorm && slice(c.residNorm, (l + 1) * T, T),
    };
  }

  function slice(flat, at, n) {
    return flat.slice(at, at + n);
  }

  function has(c, l, h) {
    return l < c.L && h < c.H;
  }

  // received is the share of the head's attention that each token gets.
  function received(c, l, h) {
    const out = new Float64Array(c.T);
    for (let t = 0; t < c.T; t++) for (let s = 0; s <= t; s++) out[s] += c.weight(l, h, t, s) / c.T;
    return out;
  }

  // the value at two slots: NaN where the query is missing, 0 where the key is.
  function at(c, t, s) {
    const row = t - c.first;
    const column = s - c.first;
    if (row < 0 || row >= c.T) return NaN;
    return column < 0 ? 0 : c.weight(state.layer, state.head, row, column);
  }

  function rate(c, eps) {
    let over = 0;
    for (const x of c.score) if (x > eps) over++;
    return { over, of: c.score.length, share: over / c.score.length };
  }

  function even(c) {
    let sum = 0;
    for (let t = 1; t <= c.T; t++) sum += 1 / t;
    return sum / c.T;
  }

  // token is a slot's text; where the conditions have different ones, both.
  function token(slot, only) {
    const names = [];
    for (const c of only ? [only] : conditions) {
      const name = c.tokens[slot - c.first];
      if (name !== undefined && !names.includes(name)) names.push(name);
    }
    return names.join(" | ");
  }

  // --- colours and numbers ------------------------------------------------

  function colours(hex) {
    const table = [];
    for (let i = 0; i < hex.length; i += 6) table.push([0, 2, 4].map((j) => parseInt(hex.substr(i + j, 2), 16)));
    return table;
  }

  function shade(table, x) {
    return table[Math.min(table.length - 1, Math.floor(Math.max(0, Math.min(1, x)) * table.length))];
  }

  const css = (rgb) => `rgb(${rgb.join(",")})`;
  const theme = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const rgb = (name) => colours(theme(name).slice(1))[0];

  // inkOn is what can be read on a colour, by its relative luminance (WCAG).
  function inkOn(c) {
    const [r, g, b] = c.map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18 ? "#000" : "#fff";
  }

  function number(x) {
    if (x === null || x === undefined || Number.isNaN(x)) return "–";
    const a = Math.abs(x);
    const text = a >= 1000 ? x.toFixed(0) : a >= 100 ? x.toFixed(1) : a >= 10 ? x.toFixed(2) : x.toFixed(3);
    return text.replace("-", "−");
  }
  // share writes a weight with the digits that 8 bits of its root hold.
  const share = (x) => (Number.isNaN(x) ? "–" : x.toFixed(Math.abs(x) < 0.1 ? 3 : 2).replace("-", "−"));
  const signed = (x) => {
    const text = number(x);
    return /^−?[0.]+$/.test(text) ? text.replace("−", "") : (x > 0 ? "+" : "") + text;
  };
  const percent = (x) => `${(100 * x).toFixed(1)} %`;

  // attentionColour and differenceColour are those of the pattern: by the root, so
  // that small weights are seen.
  const attentionColour = (a) => (Number.isNaN(a) ? rgb("missing") : shade(viridis, Math.sqrt(a)));
  const differenceColour = (d) =>
    Number.isNaN(d) ? rgb("missing") : shade(diverging, (1 + Math.sign(d) * Math.sqrt(Math.abs(d))) / 2);

  // --- drawing ------------------------------------------------------------

  const ratio = () => (printing ? 3 : window.devicePixelRatio || 1);

  // sheet sizes a canvas in CSS pixels and returns its context, crisp on any screen.
  function sheet(canvas, width, height) {
    const r = ratio();
    canvas.width = Math.round(width * r);
    canvas.height = Math.round(height * r);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    const g = canvas.getContext("2d");
    g.setTransform(r, 0, 0, r, 0, 0);
    g.font = "11px system-ui, sans-serif";
    g.fillStyle = theme("muted");
    g.strokeStyle = theme("line");
    g.textBaseline = "middle";
    return g;
  }

  // snap moves a length to a whole number of device pixels.
  const snap = (x) => Math.round(x * ratio()) / ratio();

  function element(name, options = {}, ...children) {
    const { dataset, ...rest } = options;
    const e = Object.assign(document.createElement(name), rest);
    Object.assign(e.dataset, dataset);
    e.append(...children);
    return e;
  }

  function shorten(text, n = 12) {
    const letters = [...text];
    return letters.length > n ? letters.slice(0, n - 1).join("") + "…" : text;
  }

  const seriesColour = (c) => theme(c.index === 0 ? "first" : "second");
  const swatch = (c) => {
    const s = element("span", { className: "swatch" });
    s.style.borderTopColor = seriesColour(c);
    s.style.borderTopStyle = c.index === 0 ? "solid" : "dashed";
    return s;
  };

  // bar draws a colour bar with ticks.
  function bar(g, x, y, width, height, colour, ticks) {
    const pixel = 1 / ratio(); // each its own colour, on the device's grid
    for (let i = snap(x); i < x + width; i += pixel) {
      g.fillStyle = css(colour((i + pixel / 2 - x) / width));
      g.fillRect(snap(i), snap(y), pixel, snap(height));
    }
    g.fillStyle = theme("muted");
    g.textBaseline = "top";
    for (const [where, label] of ticks) {
      g.fillRect(snap(x + where * (width - 1)), y + height, 1 / ratio(), 3);
      g.textAlign = where < 0.08 ? "left" : where > 0.92 ? "right" : "center";
      g.fillText(label, x + where * width, y + height + 4);
    }
    g.textBaseline = "middle";
  }

  // --- the map of heads ---------------------------------------------------

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

  // --- the threshold ------------------------------------------------------

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

  // --- the text -----------------------------------------------------------

  const strips = [];
  function buildStrips() {
    for (const c of conditions) {
      const list = element("div", { className: "strip", tabIndex: 0 });
      list.setAttribute("role", "listbox");
      list.setAttribute("aria-label", `Tokens, ${c.name}: walk with the arrow keys`);
      if (second) list.append(element("span", { className: "name" }, swatch(c), c.name));
      const spans = c.tokens.map((text, p) => {
        const span = element("span", { id: `token-${c.index}-${p}` }, text.startsWith("␣") ? "\u00a0" + text.slice(1) : text);
        span.setAttribute("role", "option");
        span.addEventListener("pointerenter", () => point({ slot: p + c.first, from: c.index }));
        span.addEventListener("click", () => pin({ slot: p + c.first, from: c.index }));
        return span;
      });
      spans.forEach((s) => list.append(s, "\u200b"));
      list.addEventListener("pointerleave", () => point(null));
      list.addEventListener("keydown", (e) => {
        const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1 }[e.key];
        if (!step) return;
        e.preventDefault();
        e.stopPropagation();
        const here = active() ? active().slot - c.first : step > 0 ? -1 : c.T;
        const p = Math.max(0, Math.min(c.T - 1, here + step));
        change({ token: p + c.first, from: c.index });
        say(spans[p].title);
      });
      $("strips").append(list);
      strips.push({ c, list, spans });
    }
  }

  const active = () => hover ?? (state.token === null ? null : { slot: state.token, from: state.from ?? 0 });

  // position of the token looked at in a condition, −1 where there is none.
  function here(c) {
    const a = active();
    if (!a || (!data.aligned && a.from !== c.index)) return -1;
    const p = a.slot - c.first;
    return p >= 0 && p < c.T ? p : -1;
  }

  function drawStrips() {
    const a = active();
    const name = a && token(a.slot, data.aligned ? null : conditions[a.from]);
    $("text-title").textContent = a ? `Before ${name}: what it looks at. After it: who looks at it` : "Attention that each token receives";
    for (const { c, list, spans } of strips) {
      if (!has(c, state.layer, state.head)) {
        for (const span of spans) Object.assign(span.style, { background: "none", color: theme("muted") });
        continue;
      }
      const p = here(c);
      const all = received(c, state.layer, state.head);
      spans.forEach((span, i) => {
        const x = p < 0 ? all[i] : i <= p ? c.weight(state.layer, state.head, p, i) : c.weight(state.layer, state.head, i, p);
        const colour = attentionColour(x);
        span.style.background = css(colour);
        span.style.color = inkOn(colour);
        span.classList.toggle("active", i === p);
        span.setAttribute("aria-selected", String(i === p));
        const what = p < 0 ? `receives ${percent(x)} of the attention` : i <= p ? `gets ${share(x)}` : `gives ${share(x)}`;
        span.title = `${i + 1} ${c.tokens[i]}: ${what}`;
      });
      if (p >= 0) list.setAttribute("aria-activedescendant", spans[p].id);
      else list.removeAttribute("aria-activedescendant");
    }
    drawLooks();
  }

  function drawLooks() {
    const lines = [];
    for (const c of conditions) {
      const p = here(c);
      if (p < 0 || !has(c, state.layer, state.head)) continue;
      const top = (from, to, weight) =>
        Array.from({ length: Math.max(0, to - from) }, (_, i) => [from + i, weight(from + i)])
          .sort((x, y) => y[1] - x[1] || x[0] - y[0]).slice(0, 3)
          .flatMap(([i, w], n) => [n ? ", " : "", element("b", {}, c.tokens[i]), ` ${share(w)}`]);
      const looks = top(0, p + 1, (s) => c.weight(state.layer, state.head, p, s));
      const seen = top(p + 1, c.T, (t) => c.weight(state.layer, state.head, t, p));
      const line = element("div", {}, `Token ${p + 1} `, element("b", {}, c.tokens[p]), " looks at ", ...looks);
      if (seen.length) line.append(" · looked at most by ", ...seen);
      if (second) line.prepend(swatch(c));
      lines.push(line);
    }
    $("looks").replaceChildren(...(lines.length ? lines : [element("div", {}, "Point at a token; a click keeps it, Escape lets it go.")]));
  }

  // --- patterns -----------------------------------------------------------

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

  // --- norms by position --------------------------------------------------

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

  // --- the chosen head in numbers -----------------------------------------

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

  // --- state --------------------------------------------------------------

  const layers = Math.max(...conditions.map((c) => c.L));
  const heads = Math.max(...conditions.map((c) => c.H));

  function point(next) {
    if (hover === null && next === null) return;
    hover = next;
    drawStrips();
    drawPanels();
    drawNorms();
  }

  function pin({ slot, from }) {
    change(state.token === slot && (data.aligned || state.from === from) ? { token: null, from: null } : { token: slot, from });
  }

  function change(next) {
    Object.assign(state, next);
    remember();
    render();
    if ("layer" in next || "head" in next) {
      const score = conditions.map((c) => `α₁ ${number(has(c, state.layer, state.head) ? c.score[state.layer * c.H + state.head] : null)} ${second ? c.name : ""}`);
      say(`Layer ${state.layer + 1}, head ${state.head + 1}: ${score.join(", ")}`);
    }
  }

  function say(text) {
    $("status").textContent = text;
  }

  function render() {
    const dark = printing ? false : state.theme ? state.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    $("theme").textContent = dark ? "Light" : "Dark";
    for (const b of $("quantities").children) b.setAttribute("aria-pressed", String(b.dataset.key === state.map));
    for (const s of document.querySelectorAll(".swatch")) s.style.borderTopColor = theme(s.style.borderTopStyle === "dashed" ? "second" : "first");
    drawNumbers();
    drawMaps();
    drawRates();
    drawStrips();
    drawPanels();
    drawNorms();
  }

  // The view is kept in the address: what follows # is all that differs from the
  // start. Inside a notebook's frame there is no address to keep it in.
  const addressed = /^(file|https?):$/.test(location.protocol);

  function remember() {
    const view = new URLSearchParams();
    view.set("layer", state.layer + 1);
    view.set("head", state.head + 1);
    if (state.map !== start.map) view.set("map", state.map);
    if (state.eps !== start.eps) view.set("eps", state.eps);
    if (state.token !== null) view.set("token", state.token + 1);
    if (state.token !== null && state.from && !data.aligned) view.set("in", state.from + 1);
    if (state.wide !== null) view.set("wide", state.wide);
    if (state.theme !== null) view.set("theme", state.theme);
    if (!addressed) return;
    try {
      history.replaceState(null, "", `#${view}`);
    } catch {
      location.replace(`#${view}`);
    }
    $("link").href = `#${view}`;
  }

  // restore reads an address; what it does not know or cannot be keeps its start.
  function restore() {
    const view = new URLSearchParams(addressed ? location.hash.slice(1) : "");
    const whole = (name, max) => {
      const x = Number(view.get(name) ?? NaN);
      return Number.isInteger(x) && x >= 1 && x <= max ? x - 1 : null;
    };
    Object.assign(state, start);
    state.layer = whole("layer", layers) ?? start.layer;
    state.head = whole("head", heads) ?? start.head;
    state.token = whole("token", slots);
    state.from = whole("in", conditions.length) ?? 0;
    if (quantities.some((q) => q.key === view.get("map"))) state.map = view.get("map");
    const eps = Number(view.get("eps") ?? NaN);
    if (eps >= 0 && eps < 1) state.eps = eps;
    if (["0", "1", "difference"].includes(view.get("wide"))) state.wide = view.get("wide");
    if (["light", "dark"].includes(view.get("theme"))) state.theme = view.get("theme");
    render();
  }

  function about() {
    const rows = new Map();
    conditions.forEach((c, i) => (c.about ?? []).forEach(([k, v]) => {
      if (!rows.has(k)) rows.set(k, []);
      rows.get(k)[i] = v;
    }));
    if (rows.size === 0) $("about").hidden = true;
    const list = element("dl");
    for (const [k, v] of rows) {
      const same = v.length < 2 || v.every((x) => x === v[0]);
      list.append(element("dt", {}, k), element("dd", {}, same ? v.find((x) => x !== undefined) : conditions.map((c, i) => `${c.name}: ${v[i] ?? "–"}`).join("; ")));
    }
    $("about").append(list);
    const warnings = conditions.flatMap((c) => (c.warnings ?? []).map((w) => (second ? `${c.name}: ${w}` : w)));
    $("warnings").hidden = warnings.length === 0;
    $("warnings").append(...warnings.map((w) => element("div", {}, `Note: ${w}`)));
    const shapes = conditions.map((c) => `${c.L} layers of ${c.H} heads on ${c.T} tokens`);
    const one = shapes.every((s) => s === shapes[0]);
    $("lead").textContent = one ? (second ? `${conditions.map((c) => c.name).join(" and ")}: ` : first.name ? `${first.name}: ` : "") + shapes[0]
      : conditions.map((c, i) => `${c.name}: ${shapes[i]}`).join(" · ");
  }

  for (const q of quantities) {
    const b = element("button", { type: "button", title: q.full, dataset: { key: q.key } }, q.name);
    b.addEventListener("click", () => change({ map: q.key }));
    $("quantities").append(b);
  }
  buildMaps();
  buildStrips();
  buildPanels();
  about();

  $("epsilon").addEventListener("input", (e) => change({ eps: Number(e.target.value) }));
  $("theme").addEventListener("click", () => change({ theme: document.documentElement.dataset.theme === "dark" ? "light" : "dark" }));
  $("link").hidden = !addressed;
  $("link").addEventListener("click", (e) => {
    e.preventDefault();
    remember();
    navigator.clipboard?.writeText(location.href).then(
      () => {
        $("link").textContent = "Copied";
        setTimeout(() => ($("link").textContent = "Copy link to this view"), 1500);
      },
      () => say("Copying is not allowed here: the address of the page is the link."),
    );
  });
  document.addEventListener("keydown", (e) => {
    if (e.altKey || e.ctrlKey || e.metaKey || e.shiftKey || e.target.matches("input, summary")) return;
    if (e.key === "Escape") return change({ token: null, from: null });
    const [dl, dh] = { ArrowUp: [1, 0], ArrowDown: [-1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[e.key] ?? [0, 0];
    if (dl === 0 && dh === 0) return;
    e.preventDefault();
    const keep = (x, n) => Math.max(0, Math.min(n - 1, x));
    change({ layer: keep(state.layer + dl, layers), head: keep(state.head + dh, heads) });
  });
  addEventListener("hashchange", restore);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", render);
  let frame = 0;
  addEventListener("resize", () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(render);
  });
  const print = (on) => () => {
    printing = on;
    render();
  };
  addEventListener("beforeprint", print(true));
  addEventListener("afterprint", print(false));
  restore();
})();
