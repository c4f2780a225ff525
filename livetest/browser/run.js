"use strict";
// Opens a page of another origin in Chromium and lets it do the scenarios. At
// the end the page calls once with plain fetch, and then a page of an origin
// that the server was not told of tries the same.

const esbuild = require("esbuild");
const path = require("node:path");
const { chromium } = require("playwright-core");
const { config, report } = require("../node_client.js");

const settings = config();

async function open(browser, origin) {
  const page = await browser.newPage();
  await page.goto(origin);
  await page.addScriptTag({ path: path.join(settings.work, "page.js") });
  return page;
}

const inPage = (page, what) => ({
  call: (scenario, config) => page.evaluate(([what, scenario, config]) => window[what](scenario, config), [what, scenario, config]),
  failure: (err) => ({ error: { type: "blocked", message: err.message } }),
});

async function main() {
  esbuild.buildSync({
    entryPoints: [path.join(__dirname, "page.js")],
    outfile: path.join(settings.work, "page.js"),
    bundle: true,
    platform: "browser",
    mainFields: ["browser", "module", "main"],
    nodePaths: [process.env.NODE_PATH],
  });
  const browser = await chromium.launch({ executablePath: settings.chromium, args: ["--no-sandbox"] });
  const home = await open(browser, settings.origin);
  await report(inPage(home, "scenario"), settings);
  const last = { ...settings, scenarios: settings.bare };
  await report(inPage(home, "bare"), last);
  await report(inPage(await open(browser, settings.foreignOrigin), "bare"), last);
  await browser.close();
}

main();
