"""The region's fourteen prefectures: their codes, their names as written in files, their order in tables."""

from __future__ import annotations

import re

import pandas as pd

PREFECTURES: dict[str, str] = {
    "urumqi": "乌鲁木齐市",
    "karamay": "克拉玛依市",
    "turpan": "吐鲁番市",
    "hami": "哈密市",
    "changji": "昌吉回族自治州",
    "bortala": "博尔塔拉蒙古自治州",
    "bayingolin": "巴音郭楞蒙古自治州",
    "aksu": "阿克苏地区",
    "kizilsu": "克孜勒苏柯尔克孜自治州",
    "kashgar": "喀什地区",
    "hotan": "和田地区",
    "ili": "伊犁哈萨克自治州",
    "tacheng": "塔城地区",
    "altay": "阿勒泰地区",
}
"""Codes and names of the region's fourteen prefectures, in the order of the region's tables."""

SHORT = {"博州": "bortala", "巴州": "bayingolin", "克州": "kizilsu", "乌市": "urumqi"}
_SUFFIX = re.compile(r"(市|地区|蒙古自治州|柯尔克孜自治州|哈萨克自治州|回族自治州)$")


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame indexed by prefecture in the order of the region's tables; other entries (the region's sum) stand last as they come."""
    place = {code: i for i, code in enumerate(PREFECTURES)}
    return frame.iloc[frame.index.map(lambda code: place.get(code, len(place))).argsort(kind="stable")]


def prefecture_code(name: str) -> str | None:
    """Return the code of a prefecture from its code, its name, or a text that holds it; None where unknown.

    Of two names that of the smaller place counts, which stands last: 伊犁哈萨克自治州塔城地区 is Tacheng.
    """
    name = name.strip()
    if name in PREFECTURES:
        return name
    places = {name.rfind(_SUFFIX.sub("", full)): code for code, full in PREFECTURES.items()}
    if max(places) >= 0:
        return places[max(places)]
    return next((code for short, code in SHORT.items() if name.startswith(short)), None)
