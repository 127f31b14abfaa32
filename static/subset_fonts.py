"""Cut the fonts of this folder from Debian's Noto CJK: ``python static/subset_fonts.py``.

Needs fonttools with brotli (requirements-dev.txt) and Debian's packages fonts-noto-cjk (the fonts, OFL 1.1) and unicode-data
(the 8,105 characters of 通用规范汉字表, Unihan field kTGH). The same packages give the same bytes.

The family is called "Noto Sans SC" or "Noto Serif SC", as the one-language fonts of the same makers are, so that a reader who has
those sees the same page.
"""

from __future__ import annotations

import bz2
import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont

HERE = Path(__file__).resolve().parent
NOTO = Path("/usr/share/fonts/opentype/noto")
UNIHAN = Path("/usr/share/unicode/Unihan_OtherMappings.txt.bz2")
STYLES = ("Regular", "Bold")
FEATURES = ["kern", "liga", "ccmp", "mark", "palt", "halt"]
RANGES = (
    (0x0020, 0x007E),  # Latin
    (0x00A0, 0x017F),  # Latin with accents, and the tones of pinyin
    (0x01CD, 0x01DC),
    (0x0391, 0x03C9),  # Greek
    (0x2010, 0x2044),  # dashes, quotation marks, per mille
    (0x2070, 0x209C),  # superscripts and subscripts
    (0x20A0, 0x20BF),  # currencies
    (0x2100, 0x218B),  # letterlike, fractions, Roman numerals
    (0x2190, 0x21FF),  # arrows
    (0x2200, 0x22FF),  # mathematics, with the true minus sign that GB 2312 lacks
    (0x2460, 0x24FF),  # numbers in circles
    (0x2500, 0x25FF),  # boxes and geometric shapes
    (0x2600, 0x2613),
    (0x2713, 0x2717),
    (0x3000, 0x303F),  # Chinese punctuation
    (0x3220, 0x3243),  # （一）
    (0x3280, 0x33DF),  # units
    (0xFF01, 0xFFEE),  # full-width forms
)


def characters() -> set[int]:
    """Return the code points to keep: GB 2312, 通用规范汉字表, and the ranges above."""
    kept = {code for first, last in RANGES for code in range(first, last + 1)}
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            kept.update(map(ord, bytes((row, cell)).decode("gb2312", "ignore")))
    with bz2.open(UNIHAN, "rt", encoding="utf-8") as lines:
        kept.update(int(line.split("\t")[0][2:], 16) for line in lines if "\tkTGH\t" in line)
    return kept


def cut(face: str, style: str) -> TTFont:
    """Return the Simplified Chinese font of a collection with the kept characters only, under its new name."""
    collection = TTCollection(NOTO / f"Noto{face}CJK-{style}.ttc", recalcTimestamp=False)
    font = next(one for one in collection if one["name"].getDebugName(1).startswith(f"Noto {face} CJK SC"))
    options = subset.Options()
    options.layout_features = FEATURES
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.name_languages = [0x409]
    options.notdef_outline = True
    options.recalc_timestamp = False
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=characters())
    subsetter.subset(font)
    family, postscript = f"Noto {face} SC", f"Noto{face}SC-{style}"
    names = {
        1: family,
        2: style,
        3: f"{font['name'].getDebugName(5)};{postscript}",
        4: f"{family} {style}",
        6: postscript,
    }
    for identifier, text in names.items():
        font["name"].setName(text, identifier, 3, 1, 0x409)
    font["CFF "].cff.fontNames = [postscript]
    return font


def main() -> int:
    """Write the six font files; say their sizes."""
    for face in ("Sans", "Serif"):
        for style in STYLES:
            font = cut(face, style)
            path = HERE / f"Noto{face}SC-{style}.otf"
            font.save(path)
            print(f"{path.name}  {len(font.getBestCmap())} characters  {path.stat().st_size / 1e6:.2f} MB")
            if face == "Sans":
                font.flavor = "woff2"
                font.save(path.with_suffix(".woff2"))
                print(f"{path.with_suffix('.woff2').name}  {path.with_suffix('.woff2').stat().st_size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
