"""Charts as pictures, with the fonts that the project ships; no browser, no network."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import vl_convert as vlc

FONTS = Path(__file__).resolve().parent.parent / "static"
WIDTH, HEIGHT = 620, 300


@cache
def _fonts_are_known() -> bool:
    vlc.register_font_directory(str(FONTS))
    return True


def specification(chart: Any, width: int = WIDTH, height: int | None = None) -> dict[str, Any]:
    """Return a chart's Vega-Lite with a fixed width (a page's container has none on paper)."""
    content: dict[str, Any] = chart.to_dict()

    def fixed(node: Any) -> None:
        if isinstance(node, dict):
            if node.get("width") == "container":
                node["width"] = width
            if height is not None and isinstance(node.get("height"), int | float):
                node["height"] = height
            for value in node.values():
                fixed(value)
        elif isinstance(node, list):
            for value in node:
                fixed(value)

    fixed(content)
    if "layer" in content:  # the width of a layered chart counts at its top only
        content["width"] = width
    content.setdefault("config", {})["background"] = "white"
    return content


def png(chart: Any, width: int = WIDTH, scale: float = 2.0) -> bytes:
    """Return a chart as PNG."""
    assert _fonts_are_known()
    return bytes(vlc.vegalite_to_png(specification(chart, width), scale=scale))


def svg(chart: Any, width: int = WIDTH) -> str:
    """Return a chart as SVG."""
    assert _fonts_are_known()
    return str(vlc.vegalite_to_svg(specification(chart, width)))
