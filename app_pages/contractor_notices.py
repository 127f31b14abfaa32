"""Notices to contractors on the page of floating rates: choose the plan's contractors, make the PDF, with progress."""

import tempfile
from pathlib import Path

import streamlit as st

from analysis.language import LANGUAGES, Translator
from analysis.plans.desk import PlanDesk
from analysis.plans.notices import notices
from analysis.rate_review import RateReview
from analysis.review import Prepared
from app_pages.showing import plain_text
from app_pages.state import LANGUAGE_LABELS
from models.floating import FloatingPlan
from models.messages import InputError, Message
from reports.notices import as_zip, write_notices

MOST_SINGLE = 200


def show_notices(review: RateReview, plan: FloatingPlan, desk: PlanDesk, prepared: Prepared, t: Translator) -> None:
    """Offer the notices of the plan shown to the contractors of the book in use."""
    assert review.floating is not None
    st.markdown(
        t(
            "Each contractor's experience, multiplier, next rate, the reasons and how to contest it; a page each, contractor codes only."
        )
    )
    labels = list(LANGUAGE_LABELS.values())
    left, right = st.columns(2)
    kinds = {"movers": t("Those that move most"), "chosen": t("Chosen codes"), "all": t("All contractors")}
    kind = left.segmented_control(
        t("Which contractors"),
        list(kinds),
        default="movers",
        format_func=kinds.__getitem__,
        key="notice_kind",
        required=True,
    )
    label = right.segmented_control(
        t("Language of the notices"), labels, default=LANGUAGE_LABELS[t.language], key="notice_language", required=True
    )
    language = next(code for code in LANGUAGES if LANGUAGE_LABELS[code] == label)
    units: list[str] | None = None if kind == "all" else list(review.floating.movers["unit"])
    if kind == "chosen":
        typed = st.text_area(
            t("Codes of contractors, one a line or separated by commas"), key="notice_codes", max_chars=20_000
        )
        units = [code.strip() for code in typed.replace("，", ",").replace("\n", ",").split(",") if code.strip()]
    single = st.checkbox(
        t("One file a contractor (at most {most})", most=MOST_SINGLE), key="notice_single", disabled=kind == "all"
    )
    if st.button(
        t("Make the notices"), key="notices", icon=":material/mail:", disabled=units is not None and not units
    ):
        make(review, plan, prepared, units, single and kind != "all", Translator(language), t)
    for name, content in st.session_state.get("notices_made", {}).items():
        st.download_button(
            t("Download {name}", name=name), content, file_name=name, key=f"download-{name}", icon=":material/download:"
        )


def make(
    review: RateReview,
    plan: FloatingPlan,
    prepared: Prepared,
    units: list[str] | None,
    single: bool,
    language: Translator,
    t: Translator,
) -> None:
    st.session_state.pop("notices_made", None)
    bar = st.progress(0.0, t("Writing …"))

    def progress(message: Message) -> None:
        bar.progress(min(message.fields["done"] / message.fields["all"], 1.0), t.say(message))

    try:
        batch = notices(prepared, review.scenario, st.session_state["book_in_use"], units, plan)
        with tempfile.TemporaryDirectory() as folder:
            if single and len(batch.notices) > MOST_SINGLE:
                raise InputError(
                    "Single files are made for at most {most} contractors; {count} were chosen.",
                    most=MOST_SINGLE,
                    count=len(batch.notices),
                )
            written = write_notices(batch, Path(folder), language, progress, pages_a_file=1 if single else None)
            made = (
                {path.name: path.read_bytes() for path in written}
                if len(written) == 1
                else {"notices.zip": as_zip(written)}
            )
        st.session_state["notices_made"] = made
    except InputError as problem:
        st.error(plain_text(t.say(problem)), icon=":material/warning:")
    bar.empty()
