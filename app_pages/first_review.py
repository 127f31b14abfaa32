"""A guided first review on the demonstration book: eight steps, each on the page where it is done, with progress."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from analysis.language import Translator
from models.messages import Message


@dataclass(frozen=True)
class Step:
    """A step: the page on which it is done, what to do there, what to see."""

    page: str
    title: Message
    what: Message


STEPS: tuple[Step, ...] = (
    Step("data", Message("See what the book holds"), Message("Choose the demonstration book at the side. Read its levels of detail and the quality report: what does not fit together is named row by row.")),
    Step("overview", Message("Read the verdict"), Message("Is 0.1% enough? Read the sentence at the top, then open “How computed?” under the indicated rate.")),
    Step("experience", Message("Look at accidents and cost"), Message("Recent years are not finished: see how much of their cost is still to come.")),
    Step("break_even", Message("Compare the three financing bases"), Message("Cash looks balanced; with pensions at their capital value it may not be. Compare pay-as-you-go with full funding.")),
    Step("fund", Message("Look ahead"), Message("Move the base rate at the side and watch the balance, the payable months and the solvency curve move with it.")),
    Step("floating", Message("Who pays more or less?"), Message("See what the floating plan collects, who moves, and whether it is fair.")),
    Step("scenarios", Message("Keep a scenario"), Message("Name what the sidebar shows and save it; copy its link by “Share”.")),
    Step("report", Message("Make the report"), Message("Choose Word and PDF, make the report and download it. That was a whole review.")),
)  # fmt: skip
AT = "guide_step"


def begin() -> None:
    """Begin the guide; it works on the demonstration book."""
    st.session_state[AT] = 0
    st.session_state["book_choice"] = "demo"


def _go(by: int) -> None:
    step = st.session_state.get(AT, 0) + by
    st.session_state[AT] = step if step < len(STEPS) else None


def offer(t: Translator) -> None:
    """Offer the guide where it is not under way."""
    if st.session_state.get(AT) is None:
        st.button(
            t("Guided first review (10 minutes)"),
            icon=":material/school:",
            on_click=begin,
            key="guide_begin",
            type="tertiary",
        )


def show_step(page: str, t: Translator) -> None:
    """Show the present step of the guide above a page; nothing where the guide is not under way."""
    at = st.session_state.get(AT)
    if at is None:
        return
    step = STEPS[at]
    with st.container(border=True):
        st.progress(
            (at + 1) / len(STEPS), t("Guided first review: step {step} of {steps}", step=at + 1, steps=len(STEPS))
        )
        st.markdown(f"**{t.say(step.title)}** — {t.say(step.what)}")
        with st.container(horizontal=True):
            if page != step.page:
                st.page_link(
                    f"app_pages/{step.page}.py", label=t("Go to the page of this step"), icon=":material/arrow_forward:"
                )
            st.button(t("Back"), on_click=_go, args=(-1,), disabled=at == 0, key="guide_back")
            st.button(
                t("Next step") if at + 1 < len(STEPS) else t("Finish"),
                on_click=_go,
                args=(1,),
                key="guide_next",
                type="primary",
            )
            st.button(t("Leave the guide"), on_click=_go, args=(len(STEPS),), key="guide_leave", type="tertiary")
