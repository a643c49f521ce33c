// What keys, pointer and address change, and the first drawing.

// --- state -----------------------------------------------------------------

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
