"""Charts as pictures, with the fonts that the project ships; no browser, no network."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import typst
import vl_convert as vlc

from reports.mathematics import parse
from reports.mathematics import typst as in_typst

FONTS = Path(__file__).resolve().parent.parent / "static"
FORMULA_PPI = 288
MARGIN = 120
"""Room at the side of a plot for its axis; labels that need more make the plot narrower."""

PAPER = 640
"""Width of a chart on paper and on the web page."""


@cache
def _fonts_are_known() -> bool:
    vlc.register_font_directory(str(FONTS))
    return True


def specification(chart: Any, width: int = PAPER, height: int | None = None) -> dict[str, Any]:
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


def png(picture: str, scale: float = 2.0) -> bytes:
    """Return an SVG picture as PNG."""
    assert _fonts_are_known()
    return bytes(vlc.svg_to_png(picture, scale=scale))


def svg(chart: Any, width: int = PAPER) -> str:
    """Return a chart as SVG; long labels at its side take their room from the plot, not from the size of all letters on paper."""
    assert _fonts_are_known()
    drawn = str(vlc.vegalite_to_svg(specification(chart, width)))
    found = re.search(r'<svg[^>]*? width="([0-9.]+)"', drawn)
    beyond = float(found[1]) - width - MARGIN if found else 0.0
    return str(vlc.vegalite_to_svg(specification(chart, round(width - beyond)))) if beyond > 0 else drawn


def formula_pictures(formulas: Sequence[str]) -> list[bytes]:
    """Return displayed formulas (LaTeX) as PNG at `FORMULA_PPI`: readable in every program that opens the file, with the mathematics part or without."""
    if not formulas:
        return []
    pages = "#pagebreak()\n".join(f"$ {in_typst(parse(latex))} $\n" for latex in formulas)
    head = '#set page(width: auto, height: auto, margin: 2pt)\n#set text(font: "Noto Serif SC", size: 11pt, fallback: false)\n'
    head += '#show math.equation: set text(font: ("New Computer Modern Math", "Noto Serif SC"), fallback: true)\n'
    drawn = typst.compile(
        (head + pages).encode(), font_paths=[str(FONTS)], ignore_system_fonts=True, format="png", ppi=FORMULA_PPI
    )
    return [bytes(one) for one in drawn] if isinstance(drawn, list) else [bytes(drawn)]
