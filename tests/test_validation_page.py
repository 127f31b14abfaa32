"""The page of published numbers names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_every_test_named_on_the_page_exists():
    named = re.findall(
        r"`(tests/[^`*:]+\.py)(?:::(\w+))?`", (ROOT / "docs" / "validation.md").read_text(encoding="utf-8")
    )
    assert len(named) > 20
    for file, test in named:
        text = (ROOT / file).read_text(encoding="utf-8")
        assert not test or f"def {test}(" in text, f"{file}::{test}"
