import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ARTEFACTS = ROOT / "test-artifacts"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def serve(book="national", script="app.py", **environment):
    """Start the page's server (or another script's); return its process and address."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", script, "--server.port", str(port), "--server.headless", "true"],
        cwd=ROOT,
        env={**os.environ, "PINGHENG_BOOK": book, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    for _ in range(240):
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=2)
            return process, address
        except OSError:
            time.sleep(0.25)
    process.kill()
    raise RuntimeError("the page's server did not start")


@pytest.fixture(scope="session")
def server():
    process, address = serve()
    yield address
    process.terminate()
    process.wait(20)


@pytest.fixture(scope="session")
def chromium():
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, server):
    """Open an address of the page in a language; collects requests that leave the machine, keeps a screenshot."""
    opened = []

    def go(path="", locale="zh-CN", name="page", width=1400, height=1000, scheme="light"):
        context = chromium.new_context(locale=locale, viewport={"width": width, "height": height}, color_scheme=scheme)
        page = context.new_page()
        page.set_default_timeout(90_000)
        page.outside = []
        page.on(
            "request",
            lambda r: (
                page.outside.append(r.url)
                if not r.url.startswith((server, server.replace("http", "ws"), "data:", "blob:"))
                else None
            ),
        )
        page.goto(f"{server}/{path}")
        opened.append((context, page, name))
        return page

    yield go
    ARTEFACTS.mkdir(exist_ok=True)
    for context, page, name in opened:
        page.screenshot(path=str(ARTEFACTS / f"{name}.png"), full_page=True)
        outside = page.outside
        context.close()
        assert outside == []
