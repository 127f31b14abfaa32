"""The report as one self-contained web page: interactive charts drawn by scripts inside the file, no request to anywhere."""

from __future__ import annotations

import html
import json
from pathlib import Path

import vl_convert as vlc

from analysis.language import LANGUAGES, Translator
from analysis.rate_review import RateReview
from analysis.tables import for_readers
from reports import content
from reports.figures import specification, svg
from reports.word import numeral

STYLE = """
:root { color-scheme: light dark; --line: #8886; --main: #0072B2; }
body { font: 16px/1.7 'Noto Sans SC', 'Microsoft YaHei', 'PingFang SC', sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem 1.2rem 4rem; }
h1 { font-size: 1.7rem; } h2 { font-size: 1.25rem; margin-top: 2.4rem; color: var(--main); }
.notice { border-left: 4px solid #D55E00; padding: .4rem .8rem; background: #D55E0018; }
figure { margin: 1.5rem 0; overflow-x: auto; background: white; color: black; } figcaption { font-size: .85rem; padding: .3rem 0; }
table { border-collapse: collapse; font-size: .85rem; width: 100%; } th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: left; }
nav a { display: block; } svg { max-width: 100%; height: auto; }
@media print { nav { display: none; } }
"""


def write_web(review: RateReview, out: Path, t: Translator) -> Path:
    """Write ``review.html`` into a folder. Every text is escaped; charts are drawn as pictures first and made interactive by the scripts inside."""
    escape = html.escape
    parts: list[str] = []
    charts: dict[str, object] = {}
    links: list[str] = []
    for number, section in enumerate(content.report(review, t), start=1):
        prefix = f"{numeral(number)}、" if t.language == "zh" else f"{number} "
        links.append(f'<a href="#s{number}">{escape(prefix + section.title)}</a>')
        parts.append(f'<section><h2 id="s{number}">{escape(prefix + section.title)}</h2>')
        for block in section.blocks:
            if isinstance(block, content.Chart):
                charts[block.name] = specification(block.chart, 720)
                picture = svg(block.chart, 720)
                parts.append(
                    f'<figure><div id="chart-{block.name}" role="img" aria-label="{escape(block.caption)}">{picture}</div><figcaption>{escape(block.caption)}</figcaption></figure>'
                )
            elif isinstance(block, content.TableBlock):
                shown = for_readers(block.frame, t)
                head = "".join(f'<th scope="col">{escape(str(c))}</th>' for c in shown.columns)
                rows = "".join(
                    "<tr>" + "".join(f"<td>{escape(str(v))}</td>" for v in row) + "</tr>"
                    for row in shown.values.tolist()
                )
                parts.append(
                    f'<figure><figcaption>{escape(block.caption)}</figcaption><table data-name="{block.name}"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></figure>'
                )
            else:
                parts.append(f"<p>{escape(block)}</p>")
        parts.append("</section>")
    said = content.notice(review, t)
    title = escape(content.title(review, t))
    # "<" must not end the script element early
    data = json.dumps(charts, ensure_ascii=False).replace("<", "\\u003c")
    script = vlc.javascript_bundle(
        "const charts = JSON.parse(document.getElementById('charts').textContent);"
        "for (const [name, spec] of Object.entries(charts)) vegaEmbed('#chart-' + name, spec, {actions: false, renderer: 'svg'});"
    )
    script = script.replace("</script", "<\\/script")
    language = LANGUAGES[t.language].replace("_", "-")
    page = (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline' 'unsafe-eval'; img-src data:\">"
        f"<title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1><p>{escape(review.book.name)} · {escape(t.date(review.valuation_date))}</p>"
        + (f'<p class="notice">{escape(said)}</p>' if said else "")
        + f"<nav>{''.join(links)}</nav>{''.join(parts)}</main>"
        f'<script type="application/json" id="charts">{data}</script><script>{script}</script></body></html>'
    )  # fmt: skip
    path = out / "review.html"
    path.write_text(page, encoding="utf-8")
    return path
