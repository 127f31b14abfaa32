"""The methods: every object named in them exists, every formula can be set in every format, both languages say the same."""

import importlib
import re
from xml.etree import ElementTree

import pytest
import typst

from reports.blocks import Formula, Rich, Subheading
from reports.figures import FONTS
from reports.mathematics import mathml, parse, runs
from reports.mathematics import typst as in_typst
from reports.methods import chapters, read

NAME = re.compile(r"`((?:models|analysis|data|reports)\.[\w.]+)`")


def formulas(language):
    text = read(language)
    shown = re.findall(r"\$\$(.*?)\$\$", text, re.DOTALL)
    return shown + re.findall(r"\$([^$\n]+)\$", re.sub(r"\$\$.*?\$\$", "", text, flags=re.DOTALL))


def find(name):
    parts = name.split(".")
    for i in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:i]))
        except ModuleNotFoundError:
            continue
        for part in parts[i:]:
            found = (
                found.__dataclass_fields__[part]
                if part in getattr(found, "__dataclass_fields__", {})
                else getattr(found, part)
            )
        return found
    raise AssertionError(name)


def test_every_object_named_exists():
    names = set(NAME.findall(read("zh")))
    assert len(names) > 60
    for name in sorted(names):
        assert find(name) is not None


def test_both_languages_name_the_same_objects_and_formulas():
    assert NAME.findall(read("zh")) == NAME.findall(read("en"))
    counts = [
        [len(re.findall(pattern, read(language), re.MULTILINE)) for pattern in (r"\$\$", r"^## ", r"^- ")]
        for language in ("zh", "en")
    ]
    assert counts[0] == counts[1]
    bare = [
        [re.sub(r"\\text\{[^}]*\}", "", f) for f in re.findall(r"\$\$(.*?)\$\$", read(language), re.DOTALL)]
        for language in ("zh", "en")
    ]
    assert bare[0] == bare[1]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_formula_can_be_set(language):
    rows = [parse(latex) for latex in formulas(language)]
    for row in rows:
        assert ElementTree.fromstring(mathml(row)).tag == "math"
        assert "".join(text for text, *_ in runs(row)).strip()
    source = "\n\n".join(f"$ {in_typst(row)} $" for row in rows)
    source = (
        '#set text(font: ("Noto Serif SC"))\n#show math.equation: set text(font: ("New Computer Modern Math", "Noto Serif SC"))\n'
        + source
    )
    assert typst.compile(source.encode(), font_paths=[str(FONTS)], ignore_system_fonts=True)[:5] == b"%PDF-"


def test_what_is_outside_the_subset_is_refused():
    with pytest.raises(ValueError, match="not known"):
        parse(r"\begin{cases} a \end{cases}")


def test_chapters_follow_the_level_of_the_book():
    titles = [
        [b.text for b in chapters("en", level, floating) if isinstance(b, Subheading)]
        for level, floating in ((1, False), (2, True), (3, True))
    ]
    assert "Break-even rates" in titles[0]
    assert "Annuities and capital values" not in titles[0]
    assert "Floating rates" in titles[1]
    assert set(titles[0]) < set(titles[1]) < set(titles[2])
    assert sum(isinstance(b, Formula) for b in chapters("zh", 3, True)) > 25
    assert all(b.parts for b in chapters("zh", 3, True) if isinstance(b, Rich))
