// What the page shows: conditions unpacked, the state of the view, numbers read off them.

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

// --- data ------------------------------------------------------------------

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
