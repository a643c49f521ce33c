// The text, coloured by the attention it receives.

// --- the text --------------------------------------------------------------

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
