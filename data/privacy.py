"""No identifiable person: names, ID and phone numbers are recognised by header and by content and never stored.

ID numbers: GB 11643-1999, 18 characters, the last a check character (ISO 7064 MOD 11-2).
"""

from __future__ import annotations

import hashlib
import re

import pandas as pd

from data.cells import header_key, plain

_HEADERS = re.compile(
    r"姓名|身份证|证件号|公民身份|联系电话|手机|电话号|移动电话|联系人|住址|家庭地址|银行账号|银行卡|name$|idcard|idnumber|phone|mobile|telephone"
)
_BUSINESS = re.compile(r"单位|企业|项目|工程|公司|机构|contractor|project|firm|company|file|unit")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_PHONE = re.compile(r"(?:\+?86[- ]?)?1[3-9]\d{9}")


def is_personal_header(text: str) -> bool:
    """Whether a header names a person, an ID or a phone number (the name of a firm or a project is none)."""
    key = header_key(text)
    return bool(_HEADERS.search(key)) and not _BUSINESS.search(key)


def is_id_number(text: str) -> bool:
    """Whether a text is an 18-character ID number with a right check character and a possible birth date."""
    if not re.fullmatch(r"[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]", text):
        return False
    remainder = sum(int(digit) * weight for digit, weight in zip(text, _WEIGHTS, strict=False)) % 11
    return "10X98765432"[remainder] == text[17].upper()


def is_personal(text: str) -> bool:
    """Whether a text is an ID number or a mobile phone number."""
    return is_id_number(text) or bool(_PHONE.fullmatch(text))


def personal_share(column: pd.Series, look_at: int = 2000) -> float:
    """Return the share of a column's first filled cells that are ID or phone numbers."""
    texts = column.dropna().head(look_at).map(plain)
    texts = texts[texts != ""]
    return float(texts.map(is_personal).mean()) if len(texts) else 0.0


def salted(column: pd.Series, salt: str) -> pd.Series:
    """Return a key column with each value replaced by a salted SHA-256, shortened to 16 characters."""
    return column.map(lambda v: hashlib.sha256(f"{salt}|{plain(v)}".encode()).hexdigest()[:16] if plain(v) else v)


def shown(value: object) -> str:
    """Return a cell's value as an error message may show it: shortened, and hidden where it is personal."""
    text = plain(value)
    if any(is_personal(part) for part in re.split(r"[\s,;，；]+", text)):
        return "***"
    return text[:40]
