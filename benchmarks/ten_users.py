"""Ten people drag the rate on one server for two minutes: no error, memory bounded, how long an answer takes.

``python -m benchmarks.ten_users`` (needs chromium and the development requirements); results in results/ten_users.json. Each of the ten is a browser
context of its own with a session and a websocket of its own, on the demonstration book at 10,000 paths. They press the slider's arrow key in turn,
all before any answer is awaited, so that all ten sessions work at once; a move lasts until the link shows the new rate and the session rests. Memory is the
server's own resident set (VmRSS).
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shutil
import statistics
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from benchmarks.page_speed import DRAWN
from tests.browser.conftest import FLAGS, serve

RESULT = Path(__file__).with_name("results") / "ten_users.json"
USERS, SECONDS, PATHS = 10, 120, 10_000
MOST_GROWTH_MB = 200

WATCH = """() => {
  const seen = window.seen = {answered: 0};
  const title = () => document.querySelector('[data-testid=stVegaLiteChart] :is(svg, canvas).marks')?.textContent;
  let drawn = title();
  new MutationObserver(() => {
    const now = title();
    if (now && now !== drawn) { drawn = now; seen.answered = performance.now(); }
  }).observe(document.body, {childList: true, subtree: true, characterData: true});
  document.addEventListener('keydown', () => { seen.key = performance.now(); seen.answered = 0; }, true);
}"""


def resident_mb(process: int) -> float:
    """Return a process's resident memory in megabytes."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return round(int(status.split("VmRSS:")[1].split()[0]) / 1024, 1)


def main() -> None:
    """Let ten people move the rate; record errors, memory and times."""
    load = [round(one, 1) for one in os.getloadavg()]
    times: list[float] = []
    faults: list[str] = []
    with ExitStack() as stack:
        process, address = serve("demo")
        stack.callback(process.wait, 20)
        stack.callback(process.terminate)
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), headless=True, args=FLAGS)
        users: list[Page] = []
        for number in range(USERS):
            page = browser.new_context(
                locale="en-US" if number % 2 else "zh-CN", viewport={"width": 1300, "height": 900}
            ).new_page()
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.set_default_timeout(300_000)
            page.goto(f"{address}/?book=demo&rate={1 + number / 10}&paths={PATHS}", wait_until="commit")
            users.append(page)
        for page in users:
            expect(page.locator(DRAWN)).to_have_count(2, timeout=300_000)
            page.evaluate(WATCH)
            page.get_by_role("slider").first.focus()
        before = peak = resident_mb(process.pid)
        began = time.monotonic()
        while time.monotonic() - began < SECONDS:
            for page in users:
                page.keyboard.press("ArrowRight")
            for page in users:
                page.wait_for_function("seen.answered > seen.key", timeout=60_000)
                times.append(float(page.evaluate("seen.answered - seen.key")))
            peak = max(peak, resident_mb(process.pid))
        lasted = time.monotonic() - began
        for page in users:
            if page.get_by_test_id("stException").count():
                faults.append(f"an exception stands on {page.url}")
        after = resident_mb(process.pid)
        version = browser.version
    result = {
        "users": USERS,
        "paths": PATHS,
        "seconds": round(lasted),
        "moves": len(times),
        "errors": len(faults),
        "answer_ms": {
            "median": round(statistics.median(times)),
            "p95": round(statistics.quantiles(times, n=20)[-1]),
            "worst": round(max(times)),
        },
        "server_memory_mb": {"before": before, "peak": peak, "after": after},
        "python": platform.python_version(),
        "chromium": version,
        **{name: importlib.metadata.version(name) for name in ("streamlit", "playwright")},
        "load_average": {"before": load, "after": [round(value, 1) for value in os.getloadavg()]},
        "cores": os.cpu_count(),
    }
    RESULT.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))
    if faults or after - before > MOST_GROWTH_MB:
        sys.exit("\n".join(faults) or "the server's memory grew too much")


if __name__ == "__main__":
    main()
