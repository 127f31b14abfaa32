"""Triangles: from a long frame to the array, and the array checked and read once for every method."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from models.messages import InputError, Message

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

LARGEST = 10_000_000
"""Cells of the largest triangle made from a long frame."""


@dataclass(frozen=True)
class Triangle:
    """``cumulative`` (origins, ages), NaN = future or missing; ``origins`` and ``ages`` are the labels of rows and columns."""

    cumulative: Floats
    origins: tuple[Hashable, ...]
    ages: tuple[int, ...]


@dataclass(frozen=True)
class Projection:
    """A completed triangle.

    ``ultimates, reserves`` (origins,); ``completed`` (origins, ages and those of the tail): known to the latest age, expected after it;
    ``latest_ages`` (origins,) column of the latest known value; ``factors`` (ages − 1,) from age to age (NaN: never anything to develop from);
    ``developed`` (ages,) share of the ultimate known at each age; ``notes`` what to know.
    """

    ultimates: Floats
    reserves: Floats
    completed: Floats
    latest_ages: Integers
    factors: Floats
    developed: Floats
    notes: tuple[Message, ...] = ()

    @property
    def total_reserve(self) -> float:
        """The sum over origins."""
        return float(self.reserves.sum())


class Reading:
    """A checked triangle: its values, where each origin stands, and which cells have a successor."""

    def __init__(self, cumulative: ArrayLike) -> None:
        try:
            values = np.array(cumulative, dtype=np.float64)
        except (TypeError, ValueError):
            raise InputError("A triangle is an array of numbers (origins, ages).") from None
        if values.ndim != 2 or values.shape[0] < 2 or values.shape[1] < 2:
            raise InputError(
                "A triangle needs at least two origins and two ages; its shape is {shape}.", shape=str(values.shape)
            )
        known = ~np.isnan(values)
        wrong = np.argwhere(np.isinf(values) | (values < 0.0))
        if len(wrong):
            origin, age = (int(k) for k in wrong[0])
            raise InputError(
                "Origin {origin} at age {age} holds {value}: a cumulative amount is finite and not negative "
                "(a recovery may reduce it, not below zero).",
                origin=origin + 1,
                age=age + 1,
                value=float(values[origin, age]),
            )
        for place in np.flatnonzero(~known.any(axis=1)):
            raise InputError("Origin {origin} has no value.", origin=int(place) + 1)
        for place in np.flatnonzero(~known.any(axis=0)):
            raise InputError("Age {age} has no value in any origin.", age=int(place) + 1)
        self.values, self.known = values, known
        self.origins, self.ages = values.shape

    @cached_property
    def latest_ages(self) -> Integers:
        """(origins,) column of the latest known value."""
        return np.asarray(self.ages - 1 - np.argmax(self.known[:, ::-1], axis=1), dtype=np.int64)

    @cached_property
    def latest(self) -> Floats:
        """(origins,) latest known value."""
        return self.values[np.arange(self.origins), self.latest_ages]

    @cached_property
    def pairs(self) -> Booleans:
        """(origins, ages − 1) whether a cell and its successor are both known."""
        return self.known[:, :-1] & self.known[:, 1:]

    @cached_property
    def ahead(self) -> Booleans:
        """(origins, ages − 1) whether the step from this age is still to come."""
        return np.arange(self.ages - 1) >= self.latest_ages[:, None]

    @cached_property
    def starts(self) -> Floats:
        """(origins, ages − 1) cells that have a successor, else 0."""
        return np.where(self.pairs, self.values[:, :-1], 0.0)

    @cached_property
    def ends(self) -> Floats:
        """(origins, ages − 1) their successors, else 0."""
        return np.where(self.pairs, self.values[:, 1:], 0.0)


def triangle(
    rows: pd.DataFrame,
    origin: str,
    age: str,
    value: str,
    *,
    cumulative: bool = False,
    drop_latest: bool = False,
    ages_per_origin: int = 1,
    age_step: int | None = None,
) -> Triangle:
    """Return the cumulative triangle of a long frame.

    Several rows of one cell are added (cumulative valuations must be unique). Of payments, a cell without rows up to the latest calendar period is zero:
    nothing was paid; of cumulative valuations it is missing. A row whose value is missing makes its cell missing, and of payments all later
    ones of that origin, whose sums are then unknown.

    Parameters
    ----------
    rows : one row a payment, or a valuation where ``cumulative``
    origin : column of whole numbers (2021), or periods ("2021Q3", "2021-07"), in steps of one
    age : column of whole numbers; the first age of an origin's own period is the smallest present
    value : column of amounts or counts
    cumulative : values are cumulative already
    drop_latest : leave out the latest calendar period (of the length of an age), which is not complete
    ages_per_origin : ages that fit in one origin's period: 4 for yearly origins with quarterly ages
    age_step : difference of neighbouring ages (12 for 12, 24, …); by default the largest that fits all ages present, to be given where ages
        without payments could hide it

    Raises
    ------
    InputError
        A column or a label is missing or not of its kind; a cumulative cell given twice.
    """
    for column in (origin, age, value):
        if column not in rows.columns:
            raise InputError(
                "Column {column} is missing; the table has {columns}.",
                column=column,
                columns=", ".join(map(str, rows.columns)),
            )
    if rows.empty:
        raise InputError("There are no rows to make a triangle of.")
    for column in (origin, age):
        if rows[column].isna().any():
            place = rows.index[rows[column].isna()][0]
            raise InputError("Row {row} has no {column}.", row=place, column=column)
    row, origins = _periods(rows[origin], origin)
    label = _whole(rows[age], age)
    first = int(label.min())
    step = (int(np.gcd.reduce(label - first)) or 1) if age_step is None else age_step
    if step < 1 or ((label - first) % step).any():
        raise InputError("The ages from {first} do not go in steps of {step}.", first=first, step=step)
    column_of = (label - first) // step
    shape = (len(origins), int(column_of.max()) + 1)
    if shape[0] * shape[1] > LARGEST:
        raise InputError(
            "{origins} origins by {ages} ages are too many for a triangle; is a label mistyped?",
            origins=shape[0],
            ages=shape[1],
        )
    amounts = pd.to_numeric(rows[value], errors="coerce").to_numpy(dtype=np.float64)
    unreadable = np.isnan(amounts) & rows[value].notna().to_numpy()
    if unreadable.any():
        bad = int(np.argmax(unreadable))
        raise InputError(
            "Row {row}, column {column}: {value} is not a number.",
            row=rows.index[bad],
            column=value,
            value=rows[value].iloc[bad],
        )
    table, count = np.zeros(shape), np.zeros(shape, dtype=np.int64)
    np.add.at(table, (row, column_of), amounts)
    np.add.at(count, (row, column_of), 1)
    calendar = np.add.outer(ages_per_origin * np.arange(shape[0]), np.arange(shape[1]))
    latest = int((ages_per_origin * row + column_of).max()) - int(drop_latest)
    if cumulative:
        if (count > 1).any():
            place, at = (int(k) for k in np.argwhere(count > 1)[0])
            raise InputError(
                "Origin {origin} has several cumulative values at age {age}.",
                origin=origins[place],
                age=first + step * at,
            )
        table[count == 0] = np.nan
    else:
        table = np.cumsum(table, axis=1)
    table[calendar > latest] = np.nan
    ages = np.flatnonzero(~np.isnan(table).all(axis=0))
    kept = np.flatnonzero(~np.isnan(table).all(axis=1))
    if not len(kept):
        raise InputError("No complete calendar period is left after the latest is dropped.")
    first_row, last_row, last_age = kept[0], kept[-1] + 1, ages[-1] + 1
    return Triangle(
        table[first_row:last_row, :last_age],
        tuple(origins[first_row:last_row]),
        tuple(int(first + step * k) for k in range(last_age)),
    )


def _whole(column: pd.Series[Any], name: str) -> Integers:
    """Return whole numbers as integers."""
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    wrong = ~(np.isfinite(numbers) & (numbers == np.floor(numbers)))
    if wrong.any():
        bad = int(np.argmax(wrong))
        raise InputError(
            "Row {row}, column {column}: {value} is not a whole number.",
            row=column.index[bad],
            column=name,
            value=column.iloc[bad],
        )
    return numbers.astype(np.int64)


def _periods(column: pd.Series[Any], name: str) -> tuple[Integers, list[Hashable]]:
    """Return the row of each label and the labels of all rows, none left out between the first and the last."""
    if pd.api.types.is_numeric_dtype(column):
        number = _whole(column, name)
        if number.max() > 9999:
            raise InputError(
                "Column {column} holds {value}; write a month as 2024-01, a quarter as 2024Q1.",
                column=name,
                value=int(number.max()),
            )
        return number - number.min(), list(range(int(number.min()), int(number.max()) + 1))
    if pd.api.types.is_datetime64_any_dtype(column):
        raise InputError("Column {column} holds dates; give the period of each: 2024, 2024Q1 or 2024-01.", column=name)
    codes, labels = pd.factorize(column.astype(str))
    try:
        period = pd.PeriodIndex([pd.Period(str(label)) for label in labels])
    except (ValueError, TypeError) as error:
        raise InputError(
            "Column {column} holds years, quarters (2024Q1) or months (2024-01) of one kind: {error}.",
            column=name,
            error=str(error),
        ) from None
    every = pd.period_range(period.min(), period.max())
    return every.get_indexer(period)[codes].astype(np.int64), [str(label) for label in every]
