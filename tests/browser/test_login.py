"""Login against a real OIDC provider: each role sees and may do what it should."""

import os
import subprocess
import sys
import time
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import ROOT, free_port

pytestmark = pytest.mark.browser
expect.set_options(timeout=90_000)


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """An office's page with a login: a provider process, and the page with its secrets."""
    provider_port, port = free_port(), free_port()
    issuer = f"http://127.0.0.1:{provider_port}"
    provider = subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", "--port", str(provider_port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    folder = tmp_path_factory.mktemp("office")
    secrets = folder / "secrets.toml"
    secrets.write_text(
        f'[auth]\nredirect_uri = "http://127.0.0.1:{port}/oauth2callback"\ncookie_secret = "test-only-{port}"\nclient_id = "pingheng"\n'
        f'client_secret = "none"\nserver_metadata_url = "{issuer}/.well-known/openid-configuration"\n'
        '[roles]\nmanager = ["boss@example.org"]\nanalyst = ["ana@example.org"]\n',
        encoding="utf-8",
    )
    page = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port), "--server.headless", "true", "--secrets.files", str(secrets)],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "PINGHENG_BOOK": "xpcc"},
    )  # fmt: skip
    for address in (f"{issuer}/.well-known/openid-configuration", f"http://127.0.0.1:{port}/_stcore/health"):
        for _ in range(240):
            try:
                urllib.request.urlopen(address, timeout=2)
                break
            except OSError:
                time.sleep(0.25)
        else:
            raise RuntimeError(f"{address} does not answer")
    yield f"http://127.0.0.1:{port}"
    for process in (page, provider):
        process.terminate()
        process.wait(20)


@pytest.mark.parametrize(
    ("email", "role", "imports", "saves"),
    [
        ("boss@example.org", "manager", True, True),
        ("ana@example.org", "analyst", True, True),
        ("guest@example.org", "viewer", False, False),
    ],
)
def test_each_role(chromium, office, email, role, imports, saves):
    context = chromium.new_context(locale="en-US", viewport={"width": 1300, "height": 900})
    page = context.new_page()
    page.set_default_timeout(90_000)
    page.goto(office)
    page.get_by_role("button", name="Log in").click()
    page.locator("input[name=sub]").fill(email)
    page.get_by_role("button", name="Authorize").first.click()
    expect(page.get_by_text(f"{email} · {role}")).to_be_visible()
    expect(page.get_by_role("heading", name="Overview", exact=True)).to_be_visible()
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Data").click()
    expect(page.get_by_role("heading", name="Import", exact=True)).to_be_visible()
    expect(page.get_by_test_id("stFileUploader")).to_have_count(1 if imports else 0)
    page.get_by_test_id("stSidebarNav").get_by_role("link", name="Saved scenarios").click()
    expect(page.get_by_role("heading", name="Saved scenarios", exact=True)).to_be_visible()
    expect(page.get_by_text("Your role does not allow this", exact=False)).to_have_count(0 if saves else 1)
    context.close()


def test_without_a_login_nothing_is_shown(chromium, office):
    context = chromium.new_context(locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(90_000)
    page.goto(f"{office}/data")
    expect(page.get_by_role("button", name="登录")).to_be_visible()
    expect(page.get_by_test_id("stDataFrame")).to_have_count(0)
    expect(page.get_by_test_id("stFileUploader")).to_have_count(0)
    context.close()
