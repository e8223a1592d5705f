#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Open pages in headless Chromium over its DevTools pipe and say what a person would see.

usage: browser.py OUTDIR PAGE.html...

For each page, at 1280 and 390 pixels, light and dark, and on paper: one JSON line with what the page
asked for (requests beyond itself), what it complained about, its figures with the number of points
drawn and of lines printed, anything wider than the screen, what scrolls and no key reaches, rows that
lose their name when scrolled, and texts that overlap. Screenshots go to OUTDIR, unless that is empty: they take most of the time.
Python's standard library only.
"""
import base64
import json
import os
import subprocess
import sys
import tempfile
import time

CHROMIUM = os.environ.get("CHROMIUM", "chromium")
VIEWS = [("1280", 1280, 900, "light"), ("390", 390, 844, "light"), ("1280-dark", 1280, 900, "dark"),
         ("390-dark", 390, 844, "dark"), ("paper", 718, 1000, "light")]

# Overlaps of visible texts inside one plot; what is clipped or hidden does not count.
LOOK = r"""
(() => {
  const box = (e) => e.getBoundingClientRect();
  const visible = (e) => { const b = box(e); return b.width > 1 && b.height > 1 && e.checkVisibility(); };
  const overlaps = [];
  document.querySelectorAll("svg.plot, .figure .canvas").forEach((plot) => {
    const texts = [...plot.querySelectorAll("text, .dygraph-axis-label")].filter((t) => t.textContent.trim() && visible(t));
    for (let i = 0; i < texts.length; i++)
      for (let j = i + 1; j < texts.length; j++) {
        const a = box(texts[i]), b = box(texts[j]);
        if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
            Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3)
          overlaps.push(texts[i].textContent.trim() + " / " + texts[j].textContent.trim());
      }
    const p = box(plot);
    texts.forEach((t) => { const b = box(t); if (b.left < p.left - 1.5 || b.right > p.right + 1.5)
      overlaps.push("outside its plot: " + t.textContent.trim()); });
  });
  // On paper nothing scrolls: there what stands in a scrolling box must fit as well.
  const mayScroll = matchMedia("print").matches ? "svg, .canvas" : ".wide, pre, svg, .canvas";
  const wide = [...document.querySelectorAll("main *, header *")].filter((e) => visible(e) &&
    !e.closest(mayScroll) && box(e).right > innerWidth + 1).map((e) => e.tagName + "." + e.className);
  const stuck = [...document.querySelectorAll("main *")].filter((e) => visible(e) && e.scrollWidth > e.clientWidth + 1 &&
    ["auto", "scroll"].includes(getComputedStyle(e).overflowX) && e.tabIndex < 0).map((e) => e.tagName + "." + e.className);
  // A row that is scrolled sideways keeps its name in sight.
  const nameless = [...document.querySelectorAll(".wide")].filter((w) => {
    const name = w.querySelector("th[scope=row]");
    if (!name || !visible(name) || w.scrollWidth <= w.clientWidth + 1) return false;
    w.scrollLeft = w.scrollWidth;
    const left = box(name).left;
    w.scrollLeft = 0;
    return left < 0;
  }).map((w) => w.getAttribute("aria-label"));
  const answer = document.querySelector("#summary .guests");
  return {
    title: document.title,
    ready: document.documentElement.dataset.ready,
    figures: [...document.querySelectorAll(".figure")].map((f) => ({id: f.dataset.figure, points: +f.dataset.points,
      lines: +f.dataset.lines || 0, width: +f.dataset.width || 0,
      numbers: [...f.querySelectorAll(".dygraph-axis-label-y")].filter(visible).length,
      printed: [...f.querySelectorAll("svg.printed path.line:not(.mean)")].filter((e) => { const b = e.getBBox();
        return e.checkVisibility() && b.width > 100 && b.y >= 0 && b.y + b.height < 250; }).length})),
    answer: answer && box(answer).bottom + scrollY, nameless: nameless,
    svgs: [...document.querySelectorAll("svg.plot")].filter(visible).length,
    focusable: document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']").length,
    links: document.querySelectorAll("main a[href]").length,
    scroll: document.documentElement.scrollWidth - innerWidth,
    wide: wide.slice(0, 5), stuck: stuck.slice(0, 5), overlaps: overlaps.slice(0, 8),
    images: document.querySelectorAll("main img").length,
    text: document.body.innerText.length,
  };
})()
"""


class Browser:
    """One Chromium with one tab; commands go out on its fd 3, answers and events come in on its fd 4."""

    def __init__(self, profile):
        to_r, self.to_w = os.pipe()
        self.from_r, from_w = os.pipe()

        def fds():
            # Both pipes' ends may sit on 3 or 4 themselves: move them out of the way first.
            a, b = os.dup2(to_r, 100), os.dup2(from_w, 101)
            os.dup2(a, 3)
            os.dup2(b, 4)

        self.process = subprocess.Popen(
            [CHROMIUM, "--headless", "--no-sandbox", "--remote-debugging-pipe", "--disable-gpu",
             "--no-first-run", "--disable-background-networking", "--disable-component-update",
             "--disable-dev-shm-usage", "--hide-scrollbars", "--user-data-dir=" + profile, "about:blank"],
            preexec_fn=fds, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_r)
        os.close(from_w)
        self.number = 0
        self.buffer = b""
        self.events = []
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(domain + ".enable")

    def message(self):
        while b"\0" not in self.buffer:
            more = os.read(self.from_r, 1 << 20)
            if not more:
                raise RuntimeError("chromium ended")
            self.buffer += more
        one, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(one)

    def call(self, method, **params):
        self.number += 1
        request = {"id": self.number, "method": method, "params": params}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.to_w, json.dumps(request).encode() + b"\0")
        while True:
            m = self.message()
            if m.get("id") == self.number:
                if "error" in m:
                    raise RuntimeError(f"{method}: {m['error']}")
                return m.get("result", {})
            self.events.append(m)

    def evaluate(self, expression):
        r = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in r:
            raise RuntimeError(str(r["exceptionDetails"]))
        return r["result"].get("value")

    def open(self, url):
        """Load; return (seconds until drawn, requests beyond the page, complaints)."""
        self.events = []
        start = time.monotonic()
        self.call("Page.navigate", url=url)
        while not self.evaluate("document.readyState === 'complete' && document.documentElement.dataset.ready !== undefined"):
            if time.monotonic() - start > 20:
                break
            time.sleep(0.02)
        seconds = time.monotonic() - start
        self.evaluate("new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)))")
        asked = [e["params"]["request"]["url"][:200] for e in self.events
                 if e.get("method") == "Network.requestWillBeSent" and e["params"]["request"]["url"] != url
                 and not e["params"]["request"]["url"].startswith("data:")]
        complaints = [json.dumps(e["params"])[:400] for e in self.events
                      if e.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded") or
                      e.get("method") == "Runtime.consoleAPICalled" and e["params"]["type"] in ("error", "warning")]
        return seconds, asked, complaints

    def view(self, label, width, height, scheme):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", media="print" if label == "paper" else "",
                  features=[{"name": "prefers-color-scheme", "value": scheme}])

    def screenshot(self, path):
        r = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        with open(path, "wb") as f:
            f.write(base64.b64decode(r["data"]))

    def pdf(self, path):
        r = self.call("Page.printToPDF", printBackground=False, paperWidth=8.27, paperHeight=11.69)
        with open(path, "wb") as f:
            f.write(base64.b64decode(r["data"]))

    def close(self):
        try:
            self.session = None
            self.call("Browser.close")
            self.process.wait(10)
        except (RuntimeError, OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()


def keys(browser):
    """Arrow keys in the first figure say a value; + zooms all time plots to the same part; 0 shows all."""
    return browser.evaluate(r"""
(() => {
  const f = [...document.querySelectorAll(".figure")].find((x) => +x.dataset.points > 0);
  if (!f) return "no figure";
  const c = f.querySelector(".canvas");
  const press = (key) => c.dispatchEvent(new KeyboardEvent("keydown", {key: key, bubbles: true, cancelable: true}));
  c.focus(); press("ArrowRight"); press("ArrowRight");
  const said = f.querySelector(".readout").textContent;
  const parts = () => [...document.querySelectorAll(".figure[data-shown]")].map((x) => x.dataset.shown);
  const boxes = () => [...document.querySelectorAll("svg.cells")].map((x) => x.getAttribute("viewBox"));
  const before = boxes(), whole = parts();
  press("+");
  const zoomed = parts(), moved = boxes();
  press("0"); press("Escape");
  if (new Set(zoomed).size !== 1 || zoomed[0] === whole[0]) return "zoomed to " + zoomed.join(" and ");
  if (moved.some((b, i) => b === before[i])) return "a map did not follow: " + moved.join("; ");
  if (boxes().some((b, i) => b.split(" ").some((v, k) => Math.abs(v - before[i].split(" ")[k]) > 1e-3)))
    return "a map did not come back: " + boxes().join("; ");
  return document.activeElement === c && /: .+ [0-9]/.test(said) ? "ok" : "said '" + said + "'";
})()""")


def main():
    out, pages = sys.argv[1], sys.argv[2:]
    with tempfile.TemporaryDirectory(prefix="stealscope-browser.") as profile:
        browser = Browser(profile)
        try:
            for page in pages:
                name = os.path.splitext(os.path.basename(page))[0]
                for label, width, height, scheme in VIEWS:
                    browser.view(label, width, height, scheme)
                    seconds, asked, complaints = browser.open("file://" + os.path.abspath(page))
                    if label == "paper":  # the emulated medium alone does not say so
                        browser.evaluate("dispatchEvent(new Event('beforeprint'))")
                    seen = browser.evaluate(LOOK)
                    if out:
                        browser.screenshot(f"{out}/{name}-{label}.png")
                    seen.update(page=name, view=label, seconds=round(seconds, 2), asked=asked,
                                complaints=complaints, keys=keys(browser))
                    print(json.dumps(seen), flush=True)
                if out:
                    browser.pdf(f"{out}/{name}.pdf")
        finally:
            browser.close()


if __name__ == "__main__":
    main()
