// Colours, numbers as text, elements and canvases.

// --- colours and numbers ---------------------------------------------------

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

// --- drawing ---------------------------------------------------------------

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
