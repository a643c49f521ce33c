// The explorer in a real browser: what Go's tests cannot see. Run by
// TestExplorerInABrowser with the page of its fixture and one of two models.
// Status 2 without a browser, see scripts/browser.mjs.

import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";

import { launch } from "../../scripts/browser.mjs";

const [shifted, models] = process.argv.slice(2).map((file) => pathToFileURL(file).href);
const browser = await launch();
const problems = [];

async function open(address, options = {}) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 1000 }, ...options });
  page.on("console", (m) => problems.push(`console ${m.type()}: ${m.text()}`));
  page.on("pageerror", (e) => problems.push(`error: ${e.message}`));
  page.on("request", (r) => r.url().startsWith("file:") || problems.push(`request: ${r.url()}`));
  await page.goto(address);
  return page;
}

const text = (page, selector) => page.locator(selector).first().innerText();
// pixel is the colour of the middle of a cell of a condition's pattern.
const pixel = (page, panel, n, t, s) =>
  page.evaluate(([id, n, t, s]) => {
    const canvas = document.querySelector(`[data-panel="${id}"] canvas`);
    const copy = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
    const g = copy.getContext("2d", { willReadFrequently: true });
    g.drawImage(canvas, 0, 0);
    const { x, y, side } = canvas.pattern;
    const r = canvas.width / canvas.clientWidth;
    return [...g.getImageData((x + ((s + 0.5) * side) / n) * r, (y + ((t + 0.5) * side) / n) * r, 1, 1).data].slice(0, 3);
  }, [panel, n, t, s]);
// cell clicks the head map's canvas at a layer and head, both from 1.
async function clickHead(page, layer, head) {
  const where = await page.evaluate(([l, h]) => {
    const canvas = document.querySelector("#maps canvas");
    const { x, y, w, h: height, L } = canvas.map;
    return { x: x + (h - 0.5) * w, y: y + (L - l + 0.5) * height };
  }, [layer, head]);
  await page.locator("#maps canvas").first().click({ position: where });
}

const yellow = [253, 231, 37];
const purple = [68, 1, 84];

async function test(name, body) {
  await body();
  assert.deepEqual(problems.splice(0), [], name);
  console.log(`ok ${name}`);
}

try {
  await test("text is shown and never run", async () => {
    const page = await open(shifted);
    assert.equal(await page.title(), "Look </title><script>document.title='run'</script>");
    assert.equal(await text(page, "h1"), "Look </title><script>document.title='run'</script>");
    const tokens = await page.locator(".strip").nth(1).locator("[role=option]").allTextContents();
    assert.equal(tokens[0], "</script><script>document.title='run'</script>");
    assert.equal(tokens[1], "<img src=x onerror=document.title='run'>");
    assert.equal(await page.locator("script").count(), 2);
    assert.equal(await page.locator("img").count(), 0);
    await page.close();
  });

  await test("the policy lets no script in and no request out", async () => {
    const page = await open(shifted);
    const ran = await page.evaluate(async () => {
      const script = document.createElement("script");
      script.textContent = "window.ran = true";
      document.body.append(script);
      const left = await fetch("https://example.com/").then(() => true, () => false);
      return [window.ran === true, left];
    });
    assert.deepEqual(ran, [false, false]);
    const refused = problems.splice(0);
    assert.ok(refused.length >= 2 && refused.every((p) => /Content Security Policy|CSP|Refused/.test(p)), refused.join("\n"));
    await page.close();
  });

  await test("a click on the map shows the head", async () => {
    const page = await open(shifted);
    await clickHead(page, 2, 1);
    assert.equal(await text(page, "#head-title"), "Layer 2, head 1");
    assert.match(page.url(), /#layer=2&head=1$/);
    // Everything on token 1, of all of the first condition's ten.
    assert.deepEqual(await pixel(page, "0", 10, 7, 0), yellow);
    assert.deepEqual(await pixel(page, "0", 10, 7, 3), purple);
    await clickHead(page, 2, 2);
    assert.deepEqual(await pixel(page, "0", 10, 7, 7), yellow);
    assert.deepEqual(await pixel(page, "0", 10, 7, 0), purple);
    await page.close();
  });

  await test("arrows walk between heads and layers, and stop at the ends", async () => {
    const page = await open(`${shifted}#layer=1&head=1`);
    const at = async (key, want) => {
      await page.keyboard.press(key);
      assert.equal(await text(page, "#head-title"), want);
    };
    await at("ArrowRight", "Layer 1, head 2");
    await at("ArrowRight", "Layer 1, head 2");
    await at("ArrowUp", "Layer 2, head 2");
    await at("ArrowUp", "Layer 2, head 2");
    await at("ArrowLeft", "Layer 2, head 1");
    await at("ArrowDown", "Layer 1, head 1");
    assert.match(await page.locator("#status").textContent(), /Layer 1, head 1: α₁ 0\.293 with, α₁ 0\.314 without/);
    await page.close();
  });

  await test("the slider moves the rate", async () => {
    const page = await open(shifted);
    const rates = async () => (await page.locator("#rates").innerText()).replace(/\s+/g, " ").trim();
    // α₁ is H₁₀/10 = 0.293 twice, 1 and 0.1 with; H₉/9 = 0.314 twice, 1 and 0.111 without.
    assert.equal(await rates(), "25.0 % 1 of 4 heads, with 75.0 % 3 of 4 heads, without");
    await page.locator("#epsilon").fill("0.1");
    assert.equal(await rates(), "75.0 % 3 of 4 heads, with 100.0 % 4 of 4 heads, without");
    await page.locator("#epsilon").focus();
    await page.keyboard.press("ArrowRight");
    assert.equal(await text(page, "#epsilon-value"), "0.11");
    assert.equal(await text(page, "#head-title"), "Layer 1, head 1", "arrows on the slider are the slider's");
    assert.match(await text(page, "#even"), /α₁ = 0\.293 and 0\.314/);
    await page.close();
  });

  await test("a token under the pointer shows both directions", async () => {
    const page = await open(`${shifted}#layer=1&head=1`);
    const token = page.locator("#token-0-1"); // token 2 of ten, the first of the text
    const before = await token.evaluate((e) => e.style.background);
    await token.hover();
    assert.ok(await token.evaluate((e) => e.classList.contains("active")));
    assert.ok(await page.locator("#token-1-0").evaluate((e) => e.classList.contains("active")), "the same token of the other");
    assert.notEqual(await token.evaluate((e) => e.style.background), before);
    assert.match(await page.locator("#token-0-0").getAttribute("title"), /gets 0\.50$/);
    assert.match(await page.locator("#token-0-2").getAttribute("title"), /gives 0\.33$/);
    await page.mouse.move(5, 5);
    assert.ok(!(await token.evaluate((e) => e.classList.contains("active"))));
    // With the keyboard, and kept.
    await page.locator(".strip").first().focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    assert.match(page.url(), /token=2$/);
    assert.equal(await text(page, "#head-title"), "Layer 1, head 1");
    await page.keyboard.press("Escape");
    assert.doesNotMatch(page.url(), /token/);
    await page.close();
  });

  await test("a link restores the view", async () => {
    const page = await open(shifted);
    await clickHead(page, 2, 2);
    await page.getByRole("button", { name: "entropy" }).click();
    await page.locator("#epsilon").fill("0.55");
    await page.locator("#token-0-3").click();
    await page.getByRole("button", { name: "Dark" }).click();
    await page.mouse.move(5, 5);
    const seen = (p) =>
      p.evaluate(() => [
        document.querySelector("main").innerText, document.documentElement.dataset.theme,
        ...[...document.querySelectorAll("canvas")].map((c) => c.toDataURL()),
      ]);
    const again = await open(page.url());
    await again.mouse.move(5, 5);
    assert.deepEqual(await seen(again), await seen(page));
    assert.match(page.url(), /layer=2&head=2&map=entropy&eps=0\.55&token=4&theme=dark$/);
    const odd = await open(`${shifted}#layer=99&head=-1&map=<b>&eps=7&token=x`);
    assert.match(await text(odd, "#head-title"), /^Layer [12], head [12]$/);
    await Promise.all([page, again, odd].map((p) => p.close()));
  });

  await test("light and dark follow the reader's setting", async () => {
    const colours = [];
    for (const colorScheme of ["light", "dark"]) {
      const page = await open(shifted, { colorScheme });
      colours.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
      await page.close();
    }
    assert.notEqual(colours[0], colours[1]);
  });

  await test("two models of other shapes stand side by side", async () => {
    const page = await open(`${models}#layer=2&head=1`);
    assert.match(await text(page, "#lead"), /small: 2 layers of 2 heads on 3 tokens · large: 1 layers of 1 heads on 40 tokens/);
    assert.equal(await page.locator('[data-panel="difference"]').count(), 0);
    await page.locator("#token-0-1").hover();
    assert.ok(!(await page.locator("#token-1-1").evaluate((e) => e.classList.contains("active"))), "tokens do not correspond");
    await page.close();
  });

  await test("nothing spills over a narrow window", async () => {
    const page = await open(shifted, { viewport: { width: 380, height: 800 } });
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    await page.close();
  });
} finally {
  await browser.close();
}
