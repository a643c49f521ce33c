// What scripts that drive a browser share. Needs playwright-core and Chromium:
//
//   npm install --prefix .tools playwright-core
//   apt-get install chromium          # or $CHROMIUM, chromium-browser, google-chrome in PATH
//
// Without them a script says so and ends with status 2.

import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

function loadPlaywright() {
  const require = createRequire(import.meta.url);
  try {
    return require(require.resolve("playwright-core", { paths: [join(root, ".tools"), process.cwd()] }));
  } catch {
    console.error("playwright-core is missing: npm install --prefix .tools playwright-core");
    process.exit(2);
  }
}

function findChromium() {
  for (const name of [process.env.CHROMIUM, "chromium", "chromium-browser", "google-chrome"]) {
    if (!name) continue;
    try {
      return execFileSync("/bin/sh", ["-c", 'command -v "$0"', name], { encoding: "utf8" }).trim();
    } catch {
      continue;
    }
  }
  console.error("Chromium is missing: install it, or set CHROMIUM to its path");
  process.exit(2);
}

// launch starts a Chromium that calls nobody by itself.
export function launch() {
  const { chromium } = loadPlaywright();
  return chromium.launch({
    executablePath: findChromium(),
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}
