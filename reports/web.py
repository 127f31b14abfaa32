"""The report as one self-contained web page: interactive charts drawn by scripts inside the file, no request to anywhere."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path

import vl_convert as vlc

from analysis.language import LANGUAGES
from reports.blocks import NARROW, Code, Figure, Formula, Grid, Link, Math, Paragraph, Piece, Text, Title
from reports.content import Document
from reports.figures import specification
from reports.mathematics import mathml, parse

FAMILY = "'Noto Sans SC', 'Microsoft YaHei', 'PingFang SC', sans-serif"
STYLE = """
:root { color-scheme: light dark; --line: #8886; --main: #0072B2; }
@media (prefers-color-scheme: dark) { :root { --main: #56B4E9; } }
body { font: 16px/1.75 'Noto Sans SC', 'Microsoft YaHei', 'PingFang SC', sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem 1.2rem 4rem; }
h1 { font-size: 1.7rem; } h2 { font-size: 1.35rem; margin-top: 2.6rem; color: var(--main); } h3 { font-size: 1.05rem; margin-top: 1.6rem; } h4 { margin: 1.3rem 0 .3rem; }
a { color: var(--main); } p.point { padding-left: 1.6em; text-indent: -1.2em; margin: .35rem 0; } p.line { margin: 1.4rem 0 0 40%; }
.notice { border-left: 4px solid #D55E00; padding: .4rem .8rem; background: #D55E0018; position: sticky; top: 0; backdrop-filter: blur(6px); z-index: 1; }
figure { margin: 1.5rem 0; overflow-x: auto; } figure.chart { background: white; color: black; padding: .5rem; border-radius: 4px; } figcaption { font-size: .88rem; font-weight: 600; padding: .3rem 0; }
table { border-collapse: collapse; font-size: .85rem; width: 100%; } th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { border-bottom-width: 2px; } .r { text-align: right; font-variant-numeric: tabular-nums; } td.r, td.n { white-space: nowrap; }
nav a { display: block; text-decoration: none; } svg { max-width: 100%; height: auto; } math[display=block] { margin: 1rem 0; overflow-x: auto; font-size: 1.1em; } code { font-size: .88em; }
@media print { nav { display: none; } .notice { position: static; } }
"""

LINE = "\n"
DRAW = (
    "const charts = JSON.parse(document.getElementById('charts').textContent);"
    "for (const [name, spec] of Object.entries(charts)) vegaEmbed('#chart-' + name, spec, {actions: false, renderer: 'svg'});"
)


def write_web(document: Document, out: Path) -> Path:
    """Write ``review.html`` into a folder. Every text is escaped; charts are drawn as pictures first and made interactive by the scripts inside."""
    charts = {figure.name: specification(figure.chart) for figure in document.figures}
    for chart in charts.values():
        chart["config"]["font"] = FAMILY
    links = [
        f'<a href="#{p.anchor}">{escape(p.text)}</a>' for p in document.pieces if isinstance(p, Title) and p.level == 1
    ]
    # "<" must not end the script element early
    data = json.dumps(charts, ensure_ascii=False).replace("<", "\\u003c")
    script = vlc.javascript_bundle(DRAW).replace("</script", "<\\/script")
    language = LANGUAGES[document.language].replace("_", "-")
    page = (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline' 'unsafe-eval'; img-src data:\">"
        f"<title>{escape(document.title)}</title><style>{STYLE}</style></head><body><main><h1>{escape(document.title)}</h1><p>{escape(document.subtitle)}</p>"
        + (f'<p class="notice">{escape(document.notice)}</p>' if document.notice else "")
        + f"<nav>{''.join(links)}</nav>{''.join(_piece(piece, document) for piece in document.pieces)}</main>"
        f'<script type="application/json" id="charts">{data}</script><script>{script}</script></body></html>'
    )  # fmt: skip
    path = out / "review.html"
    path.write_text(page, encoding="utf-8")
    return path


def _piece(piece: Piece, document: Document) -> str:
    if isinstance(piece, Title):
        tag, anchor = f"h{piece.level + 1}", f' id="{piece.anchor}"' if piece.anchor else ""
        return f"<{tag}{anchor}>{escape(piece.text)}</{tag}>"
    if isinstance(piece, Paragraph):
        return f'<p class="{piece.kind}">{_inline(piece.text)}</p>'
    if isinstance(piece, Formula):
        return mathml(parse(piece.latex), display=True)
    caption = f"<figcaption>{escape(piece.label)}　{escape(piece.caption)}</figcaption>"
    if isinstance(piece, Figure):
        return (
            f'<figure class="chart" id="{piece.anchor}"><div id="chart-{piece.name}" role="img" aria-label="{escape(piece.caption)}">'
            f"{document.picture(piece)}</div>{caption}</figure>"
        )
    assert isinstance(piece, Grid)
    side = [
        'class="r"' if right else 'class="n"' if w <= NARROW else ""
        for right, w in zip(piece.right, piece.widths, strict=True)
    ]
    head = "".join(
        f'<th scope="col" {c}>{escape(text).replace(LINE, "<br>")}</th>'
        for text, c in zip(piece.head, side, strict=True)
    )
    rows = "".join(
        "<tr>" + "".join(f"<td {c}>{escape(v)}</td>" for v, c in zip(row, side, strict=True)) + "</tr>"
        for row in piece.rows
    )
    return f'<figure id="{piece.anchor}">{caption}<table data-name="{piece.name}"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></figure>'


def _inline(text: Text) -> str:
    found = []
    for part in text:
        if isinstance(part, Link):
            found.append(f'<a href="#{part.anchor}">{escape(part.text)}</a>')
        elif isinstance(part, Math):
            found.append(mathml(parse(part.latex)))
        elif isinstance(part, Code):
            found.append(f"<code>{escape(part.text)}</code>")
        else:
            found.append(escape(part))
    return "".join(found)
