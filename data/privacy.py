"""No identifiable person: names, ID and phone numbers are recognised by header and by content and never stored.

ID numbers: GB 11643-1999, 18 characters, the last a check character (ISO 7064 MOD 11-2); before 1999, 15 digits.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

import pandas as pd

from data.cells import header_key, matches, plain, texts

_HEADERS = re.compile(
    r"姓名|名字$|身份证|证件号|公民身份|社会保障号|社保卡|联系电话|联系方式|手机|电话号|移动电话|联系人|住址|家庭地址|银行账号|银行卡|name$|idcard|idnumber|idno$|phone|mobile|telephone"
)
_BUSINESS = re.compile(r"单位|企业|项目|工程|公司|机构|contractor|project|firm|company|file|unit")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_PROVINCE = r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])\d{4}"
_DAY = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_ID18 = re.compile(rf"{_PROVINCE}(?:18|19|20)\d{{2}}{_DAY}\d{{3}}[\dXx]")
_ID15 = re.compile(rf"{_PROVINCE}\d{{2}}{_DAY}\d{{3}}")
_PHONE = re.compile(r"(?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}|0\d{2,3}[- ]\d{7,8}")
_CANDIDATE = r"^(\d{15}|\d{17}[\dXx]|1\d{2}[- ]?\d{4}[- ]?\d{4}|\+?86[- ]?1[- \d]{10,13}|0\d{2,3}[- ]\d{7,8})$"
_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊"
    "陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
_NAME = re.compile(rf"[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}|(?:欧阳|司马|上官|诸葛|皇甫|令狐)[\u4e00-\u9fff]{{1,2}}")
_UYGHUR_NAME = re.compile(r"[\u4e00-\u9fff]{1,8}·[\u4e00-\u9fff]{1,8}(?:·[\u4e00-\u9fff]{1,8})?")
NAMES_SHARE, NAMES_DISTINCT = 0.6, 5
"""A column of texts where this share looks like persons' names, with at least so many different ones, mostly different, holds persons."""


def is_personal_header(text: str) -> bool:
    """Whether a header names a person, an ID or a phone number (the name of a firm or a project is none)."""
    key = header_key(text)
    return bool(_HEADERS.search(key)) and not _BUSINESS.search(key)


def is_id_number(text: str) -> bool:
    """Whether a text is an ID number: 18 characters with a right check character, or the 15 digits of before, with a possible birth date."""
    if _ID15.fullmatch(text):
        return True
    if not _ID18.fullmatch(text):
        return False
    remainder = sum(int(digit) * weight for digit, weight in zip(text, _WEIGHTS, strict=False)) % 11
    return "10X98765432"[remainder] == text[17].upper()


def is_personal(value: Any) -> bool:
    """Whether a cell is an ID or a phone number.

    An ID number that a spreadsheet keeps as a number has lost its last digits, and with them the check character: place and birth date decide.
    """
    if isinstance(value, float | int) and not isinstance(value, bool) and 1e17 <= value < 1e18:
        return bool(_ID18.fullmatch(str(int(value))))
    text = plain(value)
    return is_id_number(text) or bool(_PHONE.fullmatch(text))


def is_name(text: str) -> bool:
    """Whether a text has the form of a person's name, Chinese (张三) or Uyghur (买买提·艾力)."""
    return bool(_NAME.fullmatch(text) or _UYGHUR_NAME.fullmatch(text))


def personal_cells(column: pd.Series) -> pd.Series:
    """Return where a column holds ID or phone numbers."""
    written = texts(column)
    likely = matches(written, _CANDIDATE)
    if column.dtype == object and pd.api.types.infer_dtype(column) != "string":
        likely |= column.map(lambda v: isinstance(v, float | int) and abs(v) >= 1e17)
    found = pd.Series(False, index=column.index)
    if likely.any():
        found[likely] = column[likely].map(is_personal).astype(bool)
    return found


def holds_names(column: pd.Series) -> bool:
    """Whether a column of texts holds persons' names."""
    distinct = texts(column.dropna().head(5000)).dropna()
    filled, distinct = len(distinct), distinct.drop_duplicates()
    if len(distinct) < NAMES_DISTINCT or len(distinct) < 0.5 * filled:
        return False
    return bool(distinct.map(is_name).mean() >= NAMES_SHARE)


def salted(column: pd.Series, salt: str) -> pd.Series:
    """Return a key column with each value replaced by a salted SHA-256, shortened to 16 characters."""
    return column.map(lambda v: hashlib.sha256(f"{salt}|{plain(v)}".encode()).hexdigest()[:16] if plain(v) else v)


def shown(value: object) -> str:
    """Return a cell's value as an error message may show it: shortened, and hidden where it is personal."""
    text = plain(value)
    if is_personal(value) or any(is_personal(part) or is_name(part) for part in re.split(r"[\s,;，；、/]+", text)):
        return "***"
    if re.search(r"(?<!\d)(?:\d{15}|\d{17}[\dXx]|1[3-9]\d{9})(?!\d)", text):
        return "***"
    return text[:40]
