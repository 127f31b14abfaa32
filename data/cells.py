"""Reading cells of real spreadsheets: full-width digits, thousands separators, Chinese dates, units, flags.

Whole columns at a time: what pandas reads at once is read at once, only the rest goes cell by cell.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

UNITS: Mapping[str, float] = {
    "元": 1.0,
    "yuan": 1.0,
    "千元": 1e3,
    "万元": 1e4,
    "wan": 1e4,
    "百万元": 1e6,
    "亿元": 1e8,
    "yi": 1e8,
    "rmb": 1.0,
    "人": 1.0,
    "万人": 1e4,
    "人次": 1.0,
    "万人次": 1e4,
    "户": 1.0,
    "个": 1.0,
    "起": 1.0,
    "件": 1.0,
    "%": 1e-2,
    "‰": 1e-3,
}
"""Unit as written → factor to yuan, persons or a fraction."""

ABSENT = {"", "-", "--", "—", "/", "无", "空", "null", "none", "nan", "n/a"}
ERRORS = {"#ref!", "#value!", "#n/a", "#div/0!", "#name?", "#num!", "#null!", "#getting_data", "#spill!", "#calc!"}
"""What a formula that failed shows: something stood there and is lost, so it is neither nothing nor 0."""
LARGEST_COUNT = 2**31 - 1
LARGEST_NUMBER = 1e15
"""No amount or number of an office is greater (a thousand trillion yuan): beyond it a cell is a slip, and sums lose the fen."""
_EXCEL_DAY_ZERO = np.datetime64("1899-12-30")
_SPACE = re.compile(r"\s+")
_BRACKETS = re.compile(r"[(\[【〔<].*?[)\]】〕>]")
_UNIT = re.compile(r"(万人次|人次|万人|百万元|千元|万元|亿元|元|%|‰|人|户|个|起|件)\s*$")


def plain(value: Any) -> str:
    """Return a cell's text with full-width forms, blanks and line breaks normalised."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", str(value))).strip()


@lru_cache(8192)
def header_key(text: str) -> str:
    """Return a header without brackets, units, marks of order, blanks and case: what aliases are compared by."""
    text = _BRACKETS.sub("", plain(text).lower())
    return re.sub(r"[\s_:：、.*#\-]+", "", re.sub(r"^(其中[::]?|[一二三四五六七八九十\d]+[、.])", "", text))


def header_unit(text: str) -> float | None:
    """Return the factor of the unit that a header states (``总造价（万元）``), None where it states none."""
    text = plain(text)
    inside = re.findall(r"[(\[【〔](.*?)[)\]】〕]", text)
    for part in [*inside, re.split(r"[:,,/]", text)[-1]]:
        part = part.replace("单位", "").strip().strip(":：").strip().lower()
        if part in UNITS:
            return UNITS[part]
    found = _UNIT.search(text)
    if found and text.endswith(("万元", "亿元", "千元", "(元)", "‰", "%", "万人")):
        return UNITS[found.group(1)]
    return 1.0 if re.search(r"(^|_|\s)yuan$", text.lower()) else None


def matches(column: pd.Series, pattern: str) -> pd.Series:
    """Return where a column of texts matches a pattern (RE2, anywhere in the text); missing matches nothing."""
    found = pc.match_substring_regex(pa.array(column, type=pa.large_string()), pattern)
    return pd.Series(found.fill_null(False).to_numpy(zero_copy_only=False), index=column.index)


def texts(column: pd.Series) -> pd.Series:
    """Return a column's cells as `plain` texts; missing stays missing. Cells that are plain already pass at once, others once a distinct value."""
    if column.dtype == object and pd.api.types.infer_dtype(column) == "string":
        column = column.astype("str")
    if pd.api.types.is_string_dtype(column) and column.dtype != object:
        result = column.str.strip()
        odd = matches(result, r"[^\x00-\x7f]|\s\s|[\t\n\r]")
        if odd.any():
            codes, distinct = pd.factorize(result[odd])
            result[odd] = np.array([plain(v) for v in distinct], dtype=object)[codes]
        return result
    codes, distinct = pd.factorize(column)
    read = np.array([*(plain(v) for v in distinct), None], dtype=object)
    return pd.Series(read[codes], index=column.index, dtype="str")


def is_absent(column: pd.Series) -> pd.Series:
    """Return where a column holds nothing, or a sign for nothing."""
    if len(column) == 0:
        return pd.Series(False, index=column.index, dtype=bool)
    if not (column.dtype == object or pd.api.types.is_string_dtype(column)):
        return column.isna()
    return column.isna() | texts(column).str.lower().isin(ABSENT)


def _slowly(column: pd.Series, done: pd.Series, read: Callable[[Any], Any]) -> tuple[dict[Any, Any], list[Any]]:
    """Read what the fast way left, each distinct value once; return values by row label and the labels that cannot be read."""
    rest = column[~done]
    if rest.empty:
        return {}, []
    codes, distinct = pd.factorize(rest)
    readings = []
    for value in distinct:
        try:
            readings.append(read(value))
        except (ValueError, TypeError, OverflowError):
            readings.append(None)
    values: dict[Any, Any] = {}
    bad: list[Any] = []
    for label, code in zip(rest.index, codes, strict=True):
        found = readings[code] if code >= 0 else None
        if found is None:
            bad.append(label)
        else:
            values[label] = found
    return values, bad


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise ValueError
    text = plain(value).replace(" ", "").replace("'", "")
    text = re.sub(r"^[¥¥￥$]", "", text)
    negative = bool(re.fullmatch(r"\(.*\)", text))
    text = text.strip("()")
    factor = 1.0
    for unit in sorted(UNITS, key=len, reverse=True):
        if text.lower().endswith(unit):
            text, factor = text[: -len(unit)], UNITS[unit]
            break
    if "," in text and not re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?|[+-]?\d{1,4}(,\d{4})+(\.\d*)?", text):
        raise ValueError
    result = float(text.replace(",", "").replace("−", "-"))
    if not abs(result) <= LARGEST_NUMBER:
        raise ValueError
    return (-result if negative else result) * factor


def numbers(column: pd.Series, factor: float = 1.0) -> tuple[pd.Series, list[Any]]:
    """Return a column as float64 (times ``factor``, the unit of the header) and the labels of unreadable cells.

    A unit written in a cell (``3.5万元``) counts instead of the header's.
    """
    kind = pd.api.types.infer_dtype(column) if column.dtype == object else ""
    if (
        kind not in ("", "floating", "integer", "mixed-integer-float", "string")
        and column.map(lambda v: isinstance(v, bool | datetime | date)).any()
    ):
        fast = pd.Series(np.nan, index=column.index)
    else:
        fast = pd.to_numeric(column, errors="coerce").astype("float64")
    fast = fast.where(fast.abs() <= LARGEST_NUMBER / factor) * factor
    done = fast.notna()
    done[~done] = is_absent(column[~done])
    values, bad = _slowly(column, done, _number)
    for label, value in values.items():
        own_unit = isinstance(column[label], str) and _UNIT.search(plain(column[label]))
        fast[label] = value if own_unit else value * factor
    huge = fast.index[fast.abs() > LARGEST_NUMBER]
    return fast.drop(huge).reindex(fast.index), [*bad, *huge]


_DATES = (
    re.compile(r"(?P<y>\d{4})\s*[年./-]\s*(?P<m>\d{1,2})\s*[月./-]\s*(?P<d>\d{1,2})\s*[日号]?(?:[ T].*)?"),
    re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})"),
)


def _date(value: Any) -> np.datetime64:
    if isinstance(value, datetime | date):
        return np.datetime64(value, "D")
    text = plain(value)
    for pattern in _DATES:
        found = pattern.fullmatch(text)
        if found:
            return np.datetime64(date(int(found["y"]), int(found["m"]), int(found["d"])))
    serial = float(text)
    if not 20_000 <= serial < 80_000:  # 1954 to 2119: an Excel serial, not a year or an identifier
        raise ValueError
    return np.asarray(_EXCEL_DAY_ZERO + np.timedelta64(int(serial), "D"))[()]


def dates(column: pd.Series) -> tuple[pd.Series, list[Any]]:
    """Return a column as datetime64 days and the labels of unreadable cells."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.dt.normalize(), []
    codes, distinct = pd.factorize(column)
    readings, bad_codes = [], set()
    for code, value in enumerate(distinct):
        if plain(value).lower() in ABSENT:
            readings.append(np.datetime64("NaT", "D"))
            continue
        try:
            readings.append(_date(value))
        except (ValueError, TypeError, OverflowError):
            readings.append(np.datetime64("NaT", "D"))
            bad_codes.add(code)
    values = np.array([*readings, np.datetime64("NaT", "D")], dtype="datetime64[D]")[codes]
    bad = list(column.index[np.isin(codes, list(bad_codes))]) if bad_codes else []
    return pd.Series(pd.to_datetime(values), index=column.index), bad


def _period(value: Any) -> str:
    if isinstance(value, datetime | date):
        raise ValueError
    text = plain(value).upper()
    found = re.fullmatch(r"(\d{4})(?:\.0)?\s*(?:年度?|Y)?", text)
    if found and 1950 <= int(found[1]) <= 2150:
        return found[1]
    found = re.fullmatch(r"(\d{4})\s*(?:年|-|/)?\s*(?:第?\s*([1-4一二三四])\s*季度?|Q([1-4]))", text)
    if found:
        quarter = found[2] or found[3]
        return f"{found[1]}Q{'一二三四'.find(quarter) + 1 or quarter}"
    raise ValueError


def _quarter(value: Any) -> str:
    text = _period(value)
    if "Q" not in text:
        raise ValueError
    return text


def _month(value: Any) -> str:
    if isinstance(value, datetime | date):
        return f"{value:%Y-%m}"
    found = re.fullmatch(r"(\d{4})\s*[年./-]?\s*(\d{1,2})\s*月?(?:[./-]\d{1,2})?", plain(value))
    if not found or not 1 <= int(found[2]) <= 12:
        raise ValueError
    return f"{found[1]}-{int(found[2]):02d}"


_TRUE = {"是", "y", "yes", "true", "1", "t", "√", "有", "已参保", "已"}
_FALSE = {"否", "n", "no", "false", "0", "f", "×", "无", "未参保", "未"}


def _flag(value: Any) -> bool:
    text = plain(value).lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError


def _json(value: Any) -> str:
    return json.dumps(json.loads(str(value)), ensure_ascii=False)


_GRADES = {f"{c}级": i for i, c in enumerate("一二三四五六七八九十", 1)}


def convert(
    column: pd.Series, kind: str, factor: float = 1.0, labels: Mapping[str, str] | None = None
) -> tuple[pd.Series, list[Any]]:
    """Return a raw column read as ``kind`` (see `data.schema.Field`) and the row labels of cells that cannot be read.

    ``labels`` maps normalised words of a column with choices to their codes; a word outside it cannot be read.
    """
    if kind in ("money", "number"):
        return numbers(column, factor)
    if kind == "share":
        return numbers(column, factor)
    if kind == "count":
        column = column.map(
            lambda v: _GRADES.get(plain(v), re.sub(r"(?<=\d)[级类人]$", "", plain(v))) if isinstance(v, str) else v
        )
        values, bad = numbers(column, factor)
        wrong = (values < 0) | (values > LARGEST_COUNT)
        values = values.mask(wrong).round(6)
        wrong |= values.notna() & (values % 1 != 0)
        return values.mask(wrong).astype("Int64"), [*bad, *values.index[wrong]]
    if kind == "date":
        return dates(column)
    readers: dict[str, Callable[[Any], Any]] = {
        "period": _period,
        "quarter": _quarter,
        "month": _month,
        "flag": _flag,
        "json": _json,
    }
    if kind == "text" and labels is None:
        result = texts(column)
        small = result.str.lower()
        return result.mask(small.isin(ABSENT)), list(result.index[small.isin(ERRORS)])
    if labels is not None:
        known = labels

        def read(value: Any) -> str:
            return known[plain(value).lower()] if plain(value).lower() in known else _raise()

    else:
        read = readers[kind]
    codes, distinct = pd.factorize(column)
    none_is_word = (labels is not None and "无" in labels) or kind == "flag"
    nothing = {""} if none_is_word else ABSENT
    readings: list[Any] = []
    wrong: set[int] = set()
    for code, value in enumerate(distinct):
        try:
            readings.append(None if plain(value).lower() in nothing else read(value))
        except (ValueError, TypeError, OverflowError):
            readings.append(None)
            wrong.add(code)
    values = pd.Series(np.array([*readings, None], dtype=object)[codes], index=column.index, dtype=object)
    bad = list(column.index[np.isin(codes, list(wrong))]) if wrong else []
    return values.astype("boolean" if kind == "flag" else "str"), bad


def _raise() -> str:
    raise ValueError
