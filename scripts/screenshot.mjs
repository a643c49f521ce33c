// Takes a picture of a whole notebook as JupyterLab shows it, to look at figures
// before a release:
//
//   node scripts/screenshot.mjs notebooks/01-….ipynb out.png          # as it is in git
//   node scripts/screenshot.mjs notebooks/01-….ipynb out.png --run    # Run All first
//
// See browser.mjs for what it needs. Starts a JupyterLab of its own on a free port
// and ends it. Run All does not save the notebook. Exit status 1 if a cell shows an
// error.

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";

import { launch, root } from "./browser.mjs";

const minutes = 60_000;
const tallest = 16_000; // Chromium draws no taller page

function parseArguments() {
  const words = process.argv.slice(2);
  const run = words.includes("--run");
  const [notebook, picture, ...rest] = words.filter((w) => w !== "--run");
  if (!picture || rest.length > 0) {
    console.error("usage: node scripts/screenshot.mjs NOTEBOOK OUT.png [--run]");
    process.exit(2);
  }
  const path = relative(root, resolve(notebook));
  if (path.startsWith("..")) {
    console.error(`${notebook} is not inside ${root}`);
    process.exit(2);
  }
  return { path, picture, run };
}

function freePort() {
  return new Promise((found) => {
    const server = createServer().listen(0, "localhost", () => {
      const { port } = server.address();
      server.close(() => found(port));
    });
  });
}

// A JupyterLab with settings of its own: all cells drawn, not only those in view.
async function startLab() {
  const settings = mkdtempSync(join(tmpdir(), "firsttoken-lab-"));
  const folder = join(settings, "lab", "user-settings", "@jupyterlab", "notebook-extension");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "tracker.jupyterlab-settings"), '{"windowingMode": "none"}\n');
  const port = await freePort();
  const token = randomBytes(16).toString("hex");
  const lab = spawn(join(root, "scripts", "lab.sh"), [], {
    env: { ...process.env, PORT: port, JUPYTER_CONFIG_DIR: settings, ARGS: `--no-browser --IdentityProvider.token=${token}` },
    stdio: ["ignore", "ignore", "pipe"],
    detached: true, // a process group of its own, kernels included
  });
  let said = "";
  lab.stderr.on("data", (text) => (said += text));
  const url = `http://localhost:${port}`;
  const stop = () => {
    try {
      process.kill(-lab.pid, "SIGTERM");
    } catch {
      // it has ended already
    }
    rmSync(settings, { recursive: true, force: true });
  };
  for (let waited = 0; ; waited += 250) {
    const answer = await fetch(`${url}/api/status?token=${token}`).catch(() => null);
    if (answer?.ok) return { url, token, stop };
    if (lab.exitCode !== null || waited > 5 * minutes) {
      stop();
      throw new Error(`JupyterLab did not start:\n${said}`);
    }
    await new Promise((later) => setTimeout(later, 250));
  }
}

async function choose(page, menu, item) {
  await page.getByRole("menuitem", { name: menu, exact: true }).click();
  await page.getByRole("menuitem", { name: item, exact: true }).click();
}

async function runAll(page) {
  await page.waitForTimeout(4000); // the kernel's first idle is not yet its readiness
  // Without their old numbers, cells that have run are told from those that wait.
  await choose(page, "Edit", "Clear Outputs of All Cells");
  await choose(page, "Run", "Run All Cells");
  await page.waitForFunction(
    () => {
      // A live figure stays until its reader is done with it; this one is once it is drawn.
      for (const cell of document.querySelectorAll(".jp-CodeCell"))
        if (cell.querySelector("img")) [...cell.querySelectorAll("button")].find((b) => b.textContent === "Done")?.click();
      const prompts = [...document.querySelectorAll(".jp-CodeCell")]
        .filter((cell) => cell.querySelector(".cm-content")?.textContent.trim())
        .map((cell) => cell.querySelector(".jp-InputPrompt")?.textContent ?? "");
      const failed = document.querySelector(".jp-RenderedText[data-mime-type='application/vnd.jupyter.error']");
      return failed || prompts.every((prompt) => /\[\d+\]/.test(prompt));
    },
    undefined,
    { timeout: 30 * minutes, polling: 500 },
  );
  await page.waitForTimeout(1000); // outputs arrive just after the prompt's number
}

async function main() {
  const { path, picture, run } = parseArguments();
  const browser = await launch();
  let lab;
  try {
    lab = await startLab();
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await page.goto(`${lab.url}/lab/tree/${encodeURI(path)}?reset&token=${lab.token}`);
    await page.waitForSelector(".jp-NotebookPanel .jp-Cell", { timeout: 2 * minutes });
    await page.waitForSelector(".jp-Notebook-ExecutionIndicator[data-status='idle']", { timeout: 2 * minutes });
    await page.keyboard.press("Control+b"); // the file list out of the picture
    await page.waitForTimeout(1000);
    const dialog = page.locator("dialog.jp-Dialog");
    if ((await dialog.count()) > 0) throw new Error(`JupyterLab asks: ${await dialog.first().innerText()}`);
    if (run) await runAll(page);

    const height = await page.evaluate(() => {
      const cells = [...document.querySelectorAll(".jp-NotebookPanel .jp-Cell")];
      const scrolled = document.querySelector(".jp-NotebookPanel .jp-WindowedPanel-outer").scrollTop;
      return Math.ceil(cells.at(-1).getBoundingClientRect().bottom + scrolled);
    });
    if (height > tallest) console.error(`the notebook is ${height} pixels tall; the picture ends at ${tallest}`);
    await page.setViewportSize({ width: 1280, height: Math.min(height + 60, tallest) });
    await page.evaluate(() => (document.querySelector(".jp-NotebookPanel .jp-WindowedPanel-outer").scrollTop = 0));
    await page.waitForTimeout(1000);
    await page.screenshot({ path: picture });

    const shown = await page.evaluate(() => ({
      cells: document.querySelectorAll(".jp-CodeCell").length,
      images: [...document.querySelectorAll(".jp-OutputArea img")].filter((i) => i.naturalWidth > 0).length,
      broken: [...document.querySelectorAll(".jp-OutputArea img")].filter((i) => i.naturalWidth === 0).length,
      errors: document.querySelectorAll(".jp-RenderedText[data-mime-type='application/vnd.jupyter.error']").length,
    }));
    console.log(`${picture}: ${shown.cells} code cells, ${shown.images} images, ${shown.broken} broken images, ${shown.errors} errors`);
    if (shown.errors + shown.broken > 0) process.exitCode = 1;
  } finally {
    await browser.close();
    lab?.stop();
  }
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
