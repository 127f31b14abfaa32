"""The guide to the parameters: every one with its unit, range, values by date, reference and mark, in Chinese or English."""

from __future__ import annotations

from typing import Any

from data.parameters import FOLDER, subject_of
from models.parameters import Parameters

_WORDS = {
    "zh": {
        "title": "参数指南",
        "intro": "由 data/parameters/ 中的文件生成。每个数值都有施行日期、依据和标记；按日期查用。",
        "marks": "标记",
        "official": "官方文本",
        "reprint": "转载，文号可查，原文未核对",
        "derived": "由上述数字推算",
        "unverified": "未核实（括号内为可信度）",
        "assumption": "本程序假设，应以本基金数据替换",
        "unit": "单位",
        "range": "允许范围",
        "columns": ("自", "数值", "标记", "依据"),
    },
    "en": {
        "title": "Guide to the parameters",
        "intro": "Made from the files in data/parameters/. Every value has an effective date, a reference and a mark; it is looked up by date.",
        "marks": "Marks",
        "official": "official text",
        "reprint": "reprint; the document number is known, the original was not compared",
        "derived": "arithmetic from such figures",
        "unverified": "not verified (confidence in brackets)",
        "assumption": "assumed by this program; replace it by the fund's own data",
        "unit": "unit",
        "range": "range",
        "columns": ("from", "value", "mark", "reference"),
    },
}


def guide(parameters: Parameters, language: str) -> str:
    """Return the guide as Markdown, one section a subject file (``language``: zh or en)."""
    words = _WORDS[language]
    lines = [f"# {words['title']}", "", str(words["intro"]), "", f"## {words['marks']}", ""]
    lines += [f"- **{mark}** {words[mark]}" for mark in ("official", "reprint", "derived", "unverified", "assumption")]
    subject = ""
    for name, parameter in parameters.entries.items():
        if subject_of(name) != subject:
            subject = subject_of(name)
            lines += ["", f"## {subject}", "", _heading(subject)]
        limits = f" · {words['range']} {parameter.range[0]:g}–{parameter.range[1]:g}" if parameter.range else ""
        lines += [
            "",
            f"### {parameter.description[language]}",
            "",
            f"`{name}` · {words['unit']}: {parameter.unit}{limits}",
            "",
        ]
        lines += ["| " + " | ".join(words["columns"]) + " |", "|---|---|---|---|"]
        for value in parameter.values:
            confidence = f" ({value.confidence:.0%})" if value.confidence is not None else ""
            lines.append(
                f"| {value.effective} | {_shown(value.value)} | {value.mark}{confidence} | {value.reference} |"
            )
    return "\n".join(lines) + "\n"


def _heading(subject: str) -> str:
    first = (FOLDER / f"{subject}.yaml").read_text(encoding="utf-8").splitlines()[0]
    return first.lstrip("# ") if first.startswith("#") else ""


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k}: {_shown(v)}" for k, v in value.items())
    if isinstance(value, list):
        return ", ".join(_shown(v) for v in value)
    return f"{value:.10g}" if isinstance(value, float) else str(value)
