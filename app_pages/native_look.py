"""What Streamlit has no setting for: its own English words, covered in the reader's language, and text on its buttons in the dark theme."""

from __future__ import annotations

import streamlit as st

from analysis.language import Translator

COVERED = (
    "[data-testid=stFileUploaderDropzone] button p",
    "[data-testid=stFileUploaderDropzoneInstructions] span",
    "[data-testid=InputInstructions]",
    "[data-testid=stFileChip] [role=alert]",
    "[data-testid=stException] p",
)
"""Where Streamlit's words stand on the page, in the order of the words of `_words`."""
ON_PRIMARY = "[data-testid^=stBaseButton-primary] *, [data-testid=stMultiSelect] [data-tag] *, [data-testid=stMultiSelect] span[title]"
"""Text on the primary colour: white, which cannot be read on a primary light enough for the dark theme's own text."""


def apply(t: Translator) -> None:
    """Cover the words where the reader does not read English; darken the text on buttons where the theme is dark."""
    rules = [] if t.language == "en" else _words(t)
    if st.context.theme.type == "dark":
        rules.append(f"{ON_PRIMARY} {{color: #0B1A24 !important; fill: #0B1A24}}")
    if rules:
        st.html(f"<style>{' '.join(rules)}</style>")


def _words(t: Translator) -> list[str]:
    words = (
        t("Choose files"),
        t("at most {size:integer} MB a file", size=st.get_option("server.maxUploadSize")),
        t("press Enter"),
        t("This file cannot be taken: of another kind than those named above, or too large."),
        t("The page has met an error of its own; what happened stands in the program's log. Load the page again."),
    )
    return [
        f'{place} {{font-size: 0}} {place}::after {{content: "{said}"; font-size: 0.875rem}}'
        for place, said in zip(COVERED, words, strict=True)
    ]
