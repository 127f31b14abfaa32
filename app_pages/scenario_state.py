"""The scenario being tried: one value a session, restored from the link, changed by every input, with the way back.

The widgets of the sidebar only show it and change it; so it outlives a page change, a reload (it is in the link) and an undo.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from analysis.scenario import Scenario
from analysis.scenario_link import LINK_FIELDS, from_link, put, to_link
from models.messages import InputError

NOW, PAST, WRITTEN, DROPPED, WRONG = "scenario", "scenario_past", "link_written", "link_dropped", "input_refused"
TOUCHED = "input_touched"
STEPS_BACK = 50
KEYS = frozenset(f.key for f in LINK_FIELDS)


def start() -> None:
    """Take the scenario from the link where the session begins, or where the reader went back in the browser.

    A run that an input started brings the link that the browser had then, which may be older than the one written last: the input counts.
    """
    link, touched = _own_part_of_the_link(), st.session_state.get(TOUCHED, False)
    page = st.session_state.get("page_path", "")
    if NOW not in st.session_state:
        st.session_state[NOW], st.session_state[DROPPED] = from_link(link)
    elif (
        not touched
        and "book" in st.query_params  # without one it is the step that the browser takes before the link is written
        and link != st.session_state.get(WRITTEN)
        and page == st.session_state.get("page_written")
    ):
        change_to(from_link(link)[0])
    st.session_state["page_written"], st.session_state[TOUCHED] = page, False


def current() -> Scenario:
    """Return the scenario being tried."""
    scenario: Scenario = st.session_state.setdefault(NOW, Scenario())
    return scenario


def change_to(scenario: Scenario) -> None:
    """Try another scenario; the one before can be had back."""
    before = current()
    if scenario != before:
        st.session_state[PAST] = [*st.session_state.get(PAST, [])[-STEPS_BACK + 1 :], before]
        st.session_state[NOW] = scenario
    st.session_state[WRONG], st.session_state[TOUCHED] = None, True


def change(path: str, value: Any) -> None:
    """Change one field; a value that the scenario refuses changes nothing and is said."""
    try:
        change_to(put(current(), path, value))
    except InputError as error:
        st.session_state[WRONG], st.session_state[TOUCHED] = error.message, True


def undo() -> None:
    """Go one change back."""
    past = st.session_state.get(PAST, [])
    st.session_state[TOUCHED] = True
    if past:
        st.session_state[NOW], st.session_state[PAST] = past[-1], past[:-1]


def can_undo() -> bool:
    """Whether there is a change to take back."""
    return bool(st.session_state.get(PAST))


def write_link() -> None:
    """Put the scenario into the address of the page."""
    wanted, there = to_link(current()), _own_part_of_the_link()
    for key in there.keys() - wanted.keys():
        del st.query_params[key]
    for key, text in wanted.items():
        if there.get(key) != text:
            st.query_params[key] = text
    st.session_state[WRITTEN] = wanted


def write_book(name: str) -> None:
    """Put the book into the address of the page together with the scenario: every change of the address is a step of the browser's history."""
    scenario = st.session_state.get(NOW)
    wanted = {"book": name, **(to_link(scenario) if scenario is not None else {})}
    if any(st.query_params.get(key) != text for key, text in wanted.items()):
        st.query_params.update(wanted)


def _own_part_of_the_link() -> Mapping[str, str]:
    return {key: value for key, value in st.query_params.to_dict().items() if key in KEYS}
