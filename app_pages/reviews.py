"""Reviews for the page: what does not depend on the rate is prepared once and kept; a heavy scenario answers quickly first, then in full.

A change of the rate or the target re-reads the kept paths in some ten milliseconds. A scenario of many path-years is first answered from
`QUICK_PATHS` paths while a worker prepares the full one, with progress and a way to stop. What is kept is bounded and shared by all readers.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import pandas as pd
import streamlit as st

from analysis.assumptions import UsedParameters
from analysis.questions.asked import sensitivities
from analysis.review import STAGES, Prepared, conclude, prepare, what_if
from analysis.scenario import Scenario
from data.book import Book
from data.remembered import RememberedBook
from models.messages import Message

QUICK_PATHS = 1_000
HEAVY = 400_000
"""Paths × years from which a scenario is answered quickly first."""
KEPT = 12
"""Prepared reviews kept; each holds some paths × years × 4 numbers thrice."""

Key = tuple[str, Scenario]


class StoppedError(Exception):
    """The reader stopped the work."""


@dataclass
class Job:
    """A full review under way in a worker."""

    scenario: Scenario
    future: Future[Prepared] = field(default_factory=Future)
    stages: list[Message] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def tell(self, stage: Message) -> None:
        """Note the stage that begins; leave off where the reader asked to stop."""
        if self.stop.is_set():
            raise StoppedError
        self.stages.append(stage)

    @property
    def share(self) -> float:
        """How much of the work is behind, by stages."""
        return max(len(self.stages) - 0.5, 0.0) / len(STAGES)


class Workshop:
    """Prepared reviews by book and scenario, newest kept, and the jobs under way; one for all readers of a server."""

    def __init__(self) -> None:
        self.workers = ThreadPoolExecutor(2, "review")
        self.kept: OrderedDict[Key, Prepared] = OrderedDict()
        self.jobs: dict[Key, Job] = {}
        self.making: dict[Key, threading.Lock] = {}
        self.turn = threading.Lock()

    def known(self, key: Key) -> Prepared | None:
        """Return what is kept for a key, as the newest."""
        with self.turn:
            if key in self.kept:
                self.kept.move_to_end(key)
            return self.kept.get(key)

    def keep(self, key: Key, found: Prepared) -> Prepared:
        """Keep a prepared review; let the oldest go."""
        with self.turn:
            self.kept[key] = found
            self.kept.move_to_end(key)
            while len(self.kept) > KEPT:
                self.kept.popitem(last=False)
        return found

    def prepared(self, key: Key, book: Book) -> Prepared:
        """Return a prepared review, made now unless it is kept; two readers of the same one wait for one making."""
        with self.turn:
            lock = self.making.setdefault(key, threading.Lock())
        try:
            with lock:
                return self.known(key) or self.keep(key, prepare(book, key[1]))
        finally:
            with self.turn:
                self.making.pop(key, None)

    def start(self, key: Key, book: Book) -> Job:
        """Return the job that prepares a key, begun now unless it is under way."""
        with self.turn:
            job = self.jobs.get(key)
            if job is None or (job.future.done() and key not in self.kept):
                job = self.jobs[key] = Job(key[1])
                job.future = self.workers.submit(self._work, key, book, job)
        return job

    def _work(self, key: Key, book: Book, job: Job) -> Prepared:
        try:
            return self.keep(key, prepare(book, key[1], job.tell))
        finally:
            with self.turn:
                self.jobs.pop(key, None)


@st.cache_resource(show_spinner=False)
def workshop() -> Workshop:
    """Return the server's workshop."""
    return Workshop()


@st.cache_resource(max_entries=3, show_spinner=False)
def _remembered(fingerprint: str, name: str, _book: Book) -> RememberedBook:
    return RememberedBook(_book)


def remembered(book: Book, fingerprint: str) -> RememberedBook:
    """Return the book with what has been read of it since it was last changed."""
    return _remembered(fingerprint, str(book.engine.url), book)


def _key(book: Book, scenario: Scenario) -> Key:
    """Return what a prepared review depends on: the book's content, and the scenario without its rate, target, plan and words."""
    bare = replace(scenario, base_rate=None, target_payable_months=None, plan=Scenario.plan, name="base", note="")
    return book.fingerprint(), bare


def prepared_for(book: Book, scenario: Scenario) -> Prepared:
    """Return what a scenario needs besides its rate and target; made now unless it is kept."""
    key = _key(book, scenario)
    return _lent(workshop().prepared(key, remembered(book, key[0])))


def _lent(kept: Prepared) -> Prepared:
    """Return a kept preparation with a record of parameters of its own: what one reader asks does not enter the report of another."""
    return replace(kept, parameters=kept.settled.copy())


def prepared_soon(book: Book, scenario: Scenario, stopped: frozenset[Scenario]) -> tuple[Prepared, Job | None]:
    """Return the full preparation, or a quick one and the job that makes the full one (None where the reader has stopped it)."""
    key = _key(book, scenario)
    shop = workshop()
    full = shop.known(key)
    if full is not None or scenario.paths * scenario.horizon_years < HEAVY:
        return _lent(full or shop.prepared(key, remembered(book, key[0]))), None
    quick = prepared_for(book, replace(scenario, paths=QUICK_PATHS))
    return quick, None if key[1] in stopped else shop.start(key, remembered(book, key[0]))


Answer = tuple[dict[str, pd.DataFrame], UsedParameters]
"""Tables, and the parameters that they asked for."""


def _answer(
    question: Callable[[Prepared, Scenario], dict[str, pd.DataFrame]], prepared: Prepared, scenario: Scenario
) -> Answer:
    record = UsedParameters(prepared.parameters.parameters)
    return question(replace(prepared, parameters=record), scenario), record


def _told(prepared: Prepared, answer: Answer) -> dict[str, pd.DataFrame]:
    tables, record = answer
    prepared.parameters.join(record)
    return tables


@st.cache_resource(max_entries=8, show_spinner=False)
def _what_if(fingerprint: str, scenario: Scenario, _prepared: Prepared) -> Answer:
    return _answer(what_if, _prepared, scenario)


def options_and_stress(book: Book, prepared: Prepared, resolved: Scenario) -> dict[str, pd.DataFrame]:
    """Return the tables of `analysis.review.what_if` for a resolved scenario, kept for the next reader."""
    return _told(prepared, _what_if(book.fingerprint(), resolved, prepared))


@st.cache_resource(max_entries=8, show_spinner=False)
def _sensitivities(fingerprint: str, scenario: Scenario, _prepared: Prepared) -> Answer:
    return _answer(sensitivities, _prepared, scenario)


def what_moves_it(book: Book, prepared: Prepared, resolved: Scenario) -> dict[str, pd.DataFrame]:
    """Return the tables of `analysis.questions.asked.sensitivities` for a resolved scenario, kept for the next reader."""
    return _told(prepared, _sensitivities(book.fingerprint(), resolved, prepared))


__all__ = ["Job", "conclude", "options_and_stress", "prepared_for", "prepared_soon", "what_moves_it", "workshop"]
