"""The guide to the parameters: every one with its unit, range, values by date, reference and mark, in Chinese or English."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from data.english import in_english
from data.parameters import FOLDER, subject_of
from models.messages import InputError
from models.parameters import MARKS, Parameter, Parameters

SUBJECTS = ("benefits", "wages", "rates", "fund", "coverage", "construction", "actuarial", "projection", "cohorts")
"""The order of the guide: the law first, assumptions last."""

_WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "title": "参数指南",
        "intro": "由 `data/parameters/` 中的文件生成（`python start.py guide --language zh`）。每个数值自施行日期起有效，直到下一个数值；按日期查用，早于第一个"
        "日期的查询会报错。每个数值都有依据和标记；其他省份或单位用覆盖文件改变数值（`--overlay`）。",
        "overlays": "已应用的覆盖文件",
        "marks": "标记",
        "mark": "标记",
        "meaning": "含义",
        "unit": "单位",
        "range": "允许范围",
        "from": "自",
        "value": "数值",
        "reference": "依据",
        "confidence": "可信度",
        "comma": "，",
        "colon": "：",
    },
    "en": {
        "title": "Guide to the parameters",
        "intro": "Made from the files in `data/parameters/` (`python start.py guide --language en`). A value is in force from its date until the next one; values are"
        " looked up by date, and a date before the first is an error. Every value has a reference (numbers of official documents as published) and a mark; another province or"
        " office changes values by an overlay file (`--overlay`).",
        "overlays": "Overlays applied",
        "marks": "Marks",
        "mark": "mark",
        "meaning": "meaning",
        "unit": "unit",
        "range": "range",
        "from": "from",
        "value": "value",
        "reference": "reference",
        "confidence": "confidence",
        "comma": ", ",
        "colon": ": ",
    },
}

_MARKS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "zh": {
        "official": ("官方", "官方文本，或完整的法规汇编"),
        "reprint": ("转载", "转载或报道；文号可查，未与原文核对"),
        "derived": ("推算", "由官方或转载的数字算得"),
        "unverified": ("未核实", "未核实，注明可信度"),
        "assumption": ("假设", "本程序或使用者的假设，应以本基金的数据替换"),
    },
    "en": {
        "official": ("official", "official text, or a complete collection of laws"),
        "reprint": ("reprint", "reprint or press report; the document number is known, the original was not compared"),
        "derived": ("derived", "arithmetic from official or reprinted figures"),
        "unverified": ("unverified", "not verified; the confidence is stated"),
        "assumption": ("assumption", "assumed by this program or by the user; replace it by the fund's own data"),
    },
}

UNITS_ZH: Mapping[str, str] = {
    "0 or 1": "0或1",
    "CL1 to CL6": "CL1至CL6",
    "class": "类",
    "collections or expenditure": "征缴额或支出",
    "correlation": "相关系数",
    "days": "天",
    "deaths": "人",
    "events per 100 million yuan": "起/亿元造价",
    "fraction a year": "每年，比例",
    "fraction of payroll": "占工资总额的比例",
    "fraction of total cost": "占工程项目总造价的比例",
    "fund or employer": "基金或用人单位",
    "hundred million yuan a year": "亿元/年",
    "legal basis": "法律依据",
    "list of payable_months and cut": "可支付月数与降幅的列表",
    "log growth a year": "每年，对数增长率",
    "months": "个月",
    "amber and red thresholds": "黄色、红色阈值",
    "months of lump_5_to_10.base": "个月的 lump_5_to_10.base",
    "months of outgo": "个月的支出",
    "months of own wage": "个月本人工资",
    "months of pool average wage": "个月统筹地区平均工资",
    "quarters": "个季度",
    "multiple of base rate": "基准费率的倍数",
    "multiple of last year's collections": "上年度征缴额的倍数",
    "multiple of q(x)": "死亡率的倍数",
    "own_wage or pool_average_wage": "本人工资或统筹地区平均工资",
    "office": "机关",
    "quarter or year_to_date": "本季或本年累计",
    "ratio": "比率",
    "share": "比例",
    "share a year": "每年，比例",
    "share of allowance": "占伤残津贴的比例",
    "share of collections": "占征缴额的比例",
    "share of graded cases": "占评定等级人数的比例",
    "share of own wage": "占本人工资的比例",
    "share of pool average wage": "占统筹地区平均工资的比例",
    "shares that sum to 1": "比例，合计为1",
    "standard deviation by driver": "各因素的标准差（水平的相对变化；增速、利率为每年的小数；死亡为人数）",
    "steps": "档",
    "ten thousand persons": "万人",
    "years": "年",
    "years of income": "年的收入",
    "yuan": "元",
    "yuan a month": "元/月",
    "yuan a person-year": "元/人年",
    "yuan a year": "元/年",
    "‰ of total cost": "占总造价，‰",
}

WORDS_ZH: Mapping[str, str] = {
    "41_to_50": "41–50岁",
    "above_50": "50岁以上",
    "aksu": "阿克苏地区",
    "altay": "阿勒泰地区",
    "bayingolin": "巴州",
    "bortala": "博州",
    "catastrophe_deaths": "一次事故死亡人数",
    "changji": "昌吉州",
    "child": "子女",
    "civil": "土木工程",
    "collections": "征缴额",
    "construction": "建筑业",
    "cut": "降幅",
    "employer": "用人单位",
    "expenditure": "支出",
    "female": "女",
    "fitout": "装饰及其他",
    "frequency": "出险频率",
    "full": "完全不能自理",
    "fund": "基金",
    "growth": "建筑业增速",
    "hami": "哈密市",
    "hotan": "和田地区",
    "housing": "房屋建筑",
    "human_resources_department": "管理该经办机构的人力资源社会保障行政部门",
    "ili": "伊犁州",
    "installation": "建筑安装",
    "interest": "利率",
    "karamay": "克拉玛依市",
    "kashgar": "喀什地区",
    "kizilsu": "克州",
    "least": "最少",
    "major": "大部分不能自理",
    "male": "男",
    "mark": "标记",
    "mean": "平均",
    "medical": "医疗价格",
    "medical_prices": "医疗价格",
    "none": "无",
    "own_wage": "本人工资",
    "parent": "父母",
    "partial": "部分不能自理",
    "payable_months": "可支付月数",
    "peoples_government": "该经办机构所属的本级人民政府",
    "permille": "‰",
    "place": "地区",
    "quarter": "本季",
    "pool_average_wage": "统筹地区平均工资",
    "reference": "依据",
    "regulation_article_55": "《工伤保险条例》第五十五条",
    "since": "自",
    "spouse": "配偶",
    "tacheng": "塔城地区",
    "to_40": "40岁及以下",
    "turpan": "吐鲁番市",
    "urumqi": "乌鲁木齐市",
    "wages": "工资",
    "year_to_date": "本年累计",
    **{key: label for key, (label, _) in _MARKS["zh"].items()},
}


def guide(parameters: Parameters, language: str) -> str:
    """Return the guide as Markdown: the marks, then a section a subject file with a table of values for every parameter.

    Parameters
    ----------
    parameters : as loaded, with overlays or without
    language : ``zh`` or ``en``
    """
    if language not in _WORDS:
        raise InputError("The language {language} is not known; use zh or en.", language=language)
    words, marks = _WORDS[language], _MARKS[language]
    lines = [f"# {words['title']}", "", words["intro"], ""]
    if parameters.overlays:
        lines += [f"{words['overlays']}{words['colon']}{words['comma'].join(parameters.overlays)}", ""]
    lines += [f"## {words['marks']}", "", *_table([words["mark"], "YAML", words["meaning"]])]
    lines += [_row([marks[mark][0], f"`{mark}`", marks[mark][1]]) for mark in MARKS]
    known = {subject: place for place, subject in enumerate(SUBJECTS)}
    subjects = {name: subject_of(name) for name in parameters.entries}
    ordered = sorted(subjects, key=lambda name: (known.get(subjects[name], len(known)), subjects[name]))
    for subject, members in groupby(ordered, key=lambda name: subjects[name]):
        lines += ["", f"## {_heading(subject, language)}"]
        for name in members:
            lines += ["", *_section(parameters.parameter(name), language)]
    return "\n".join(lines) + "\n"


def _section(parameter: Parameter, language: str) -> list[str]:
    words = _WORDS[language]
    facts = [f"`{parameter.name}`", f"{words['unit']}{words['colon']}{shown_unit(parameter.unit, language)}"]
    if parameter.range:
        facts.append(f"{words['range']}{words['colon']}{parameter.range[0]:.10g} – {parameter.range[1]:.10g}")
    lines = [f"### {parameter.description[language]}", "", " · ".join(facts), ""]
    lines += _table([words[column] for column in ("from", "value", "mark", "reference")])
    for dated in parameter.values:
        mark = _MARKS[language][dated.mark][0]
        if dated.confidence is not None:
            mark += f" ({words['confidence']} {dated.confidence:.0%})"
        lines.append(
            _row(
                [
                    str(dated.effective),
                    shown_value(dated.value, language),
                    mark,
                    shown_reference(dated.reference, language),
                ]
            )
        )
    return lines


def _heading(subject: str, language: str) -> str:
    """The first line of a subject's file: ``# Chinese · English``."""
    first = (FOLDER / f"{subject}.yaml").read_text(encoding="utf-8").splitlines()[0].lstrip("# ")
    chinese, _, english = first.partition(" · ")
    return chinese if language == "zh" else english[:1].upper() + english[1:].rstrip(".")


def shown_unit(unit: str, language: str) -> str:
    """Return a parameter's unit in a language."""
    return UNITS_ZH.get(unit, unit) if language == "zh" else unit


def shown_reference(reference: str, language: str) -> str:
    """Return what a value rests on in a language; document numbers stay as published."""
    return reference if language == "zh" else in_english(reference)


def shown_value(value: Any, language: str, unit: str = "") -> str:
    """Return a parameter's value in a language; with its ``unit`` shares are in per cent and rates of total cost in per mille, without it as in its file."""
    words = _WORDS[language]
    if isinstance(value, Mapping):
        pairs = (
            f"{shown_value(k, language)}{words['colon']}{shown_value(v, language, unit)}" for k, v in value.items()
        )
        return words["comma"].join(pairs)
    if isinstance(value, list):
        return ("<br>" if isinstance(value[0], Mapping) else words["comma"]).join(
            shown_value(v, language, unit) for v in value
        )
    if isinstance(value, str):
        return WORDS_ZH.get(value, value) if language == "zh" else in_english(value).replace("_", " ")
    if unit == "fraction of total cost":
        return f"{value * 1e3:.10g}‰"
    return f"{value * 1e2:.10g}%" if unit.startswith(("share", "fraction")) else f"{value:.10g}"


def _table(columns: list[str]) -> list[str]:
    return [_row(columns), _row(["---"] * len(columns))]


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
