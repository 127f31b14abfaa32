"""Rows to cells: rows that share every rating variable are one cell, and cells are all that the mean structure needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import gammaln

from models.messages import InputError

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

WIDE = 1 << 16  # a whole-number column with a wider range than this is hashed
ROOM = 1 << 20  # combined codes beyond this are renumbered, so that counting them stays in cache


def summed(code: Integers, values: Floats, size: int) -> Floats:
    """Return the sum of the values of each code, (size,)."""
    total: Floats = np.bincount(code, values, size).astype(np.float64, copy=False)
    return total


def counts_above(counts: Floats) -> Floats:
    """Return how many of the whole counts are above 0, 1, 2, …: log Γ(y + 1/α) − log Γ(1/α) + y log α sums log(1 + αj) over j < y."""
    frequency = np.bincount(counts.astype(np.int64))
    return np.cumsum(frequency[::-1])[::-1][1:].astype(np.float64)


@dataclass(frozen=True)
class Cells:
    """Rows grouped by their rating variables.

    ``values`` (cells,) frame of the variables; ``code`` (rows,) cell of a row; ``exposure`` and ``count`` (rows,) as given;
    ``left_out`` rows without exposure and without a case, which say nothing and are not among the rows here; ``unit`` (rows,) number of the unit
    whose risk a row shares with others, None where every row has its own; ``unit_names`` (units,) their labels.
    """

    values: pd.DataFrame
    code: Integers
    exposure: Floats
    count: Floats
    left_out: int = 0
    unit: Integers | None = None
    unit_names: pd.Index | None = None

    @cached_property
    def cell_exposure(self) -> Floats:
        """Return the exposure of each cell."""
        return self.total(self.exposure)

    @cached_property
    def cell_count(self) -> Floats:
        """Return the cases of each cell."""
        return summed(self.code[self.hit], self.hit_count, len(self.values))

    @cached_property
    def hit(self) -> Integers:
        """Return the rows that have cases: few, and the only ones whose logarithms matter."""
        return np.flatnonzero(self.count)

    @cached_property
    def hit_count(self) -> Floats:
        """Return the cases of the rows that have any."""
        return self.count[self.hit]

    @cached_property
    def log_factorials(self) -> float:
        """Return the sum over rows of log(count!)."""
        return float(gammaln(self.hit_count + 1.0).sum())

    @cached_property
    def units(self) -> int:
        """Return how many there are that have a risk of their own: units, else rows."""
        return self.rows if self.unit is None else int(self.unit.max()) + 1

    @cached_property
    def unit_count(self) -> Floats:
        """Return the cases of each unit (row, where rows have their own risk)."""
        return self.by_unit(self.count)

    def by_unit(self, of_rows: Floats) -> Floats:
        """Return the sum over the rows of each unit; the rows themselves where they have their own risk."""
        return of_rows if self.unit is None else summed(self.unit, of_rows, self.units)

    @property
    def rows(self) -> int:
        """Return the number of rows with exposure."""
        return len(self.code)

    def total(self, of_rows: Floats) -> Floats:
        """Return the sum over the rows of each cell."""
        return summed(self.code, of_rows, len(self.values))


def numbers(rows: pd.DataFrame, column: str) -> Floats:
    """Return a column as float64; refuse what is not a number, missing, infinite or negative, saying how many rows."""
    if column not in rows:
        raise InputError(
            "The rows have no column {column}; they have {columns}.", column=column, columns=", ".join(map(str, rows))
        )
    try:
        values = rows[column].to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError):
        raise InputError("Column {column} must hold numbers.", column=column) from None
    if len(values) and not (values.min() >= 0.0 and values.max() < np.inf):  # NaN fails both
        wrong = int((~((values >= 0.0) & (values < np.inf))).sum())
        raise InputError(
            "Column {column} is missing, infinite or negative in {count} rows; give each row a number, 0 or more.",
            column=column,
            count=wrong,
        )
    return values


def _codes(values: pd.Series) -> tuple[NDArray[np.integer], int]:
    """Return a whole number from 0 for each row, equal where the values are equal, and how many there may be; -1 = missing."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.cat.codes.to_numpy(), len(values.cat.categories)
    if isinstance(values.dtype, pd.StringDtype) and values.dtype.storage == "pyarrow":
        encoded = pa.chunked_array(
            [pa.array(values.array)] if not isinstance(values.array, pa.ChunkedArray) else values
        )
        encoded = encoded.dictionary_encode().unify_dictionaries().combine_chunks()
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.chunk(0) if encoded.num_chunks else pa.array([], pa.string()).dictionary_encode()
        return encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False), len(encoded.dictionary)
    raw = values.to_numpy()
    if raw.dtype.kind == "b":
        return raw.view(np.int8), 2
    if raw.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            whole = raw.astype(np.int16)
        raw = whole if (whole == raw).all() else raw  # fails for fractions, large numbers and NaN, which are hashed
    if raw.dtype.kind in "iu" and len(raw):
        low, high = raw.min().item(), raw.max().item()
        if high - low < WIDE:
            return (raw if low == 0 else np.subtract(raw, low, dtype=np.int64)), high - low + 1
    codes, uniques = pd.factorize(values)
    return codes, len(uniques)


def _renumbered(key: NDArray[np.integer], size: int) -> tuple[Integers, int]:
    """Return the keys renumbered 0, 1, … in the same order, without gaps."""
    if size > max(4 * len(key), ROOM):
        uniques, inverse = np.unique(key, return_inverse=True)
        return inverse.astype(np.int64, copy=False), len(uniques)
    there = np.bincount(key, minlength=size) > 0
    return (np.cumsum(there) - 1)[key], int(there.sum())


def grouping(rows: pd.DataFrame, variables: Sequence[str], missing: bool = False) -> tuple[pd.DataFrame, Integers]:
    """Group rows that share the values of all variables.

    Parameters
    ----------
    rows : one row an observation
    variables : columns to group by; none = all rows are one cell
    missing : whether missing values make a group of their own; else they are refused

    Returns
    -------
    values : (cells,) frame of the variables, categories without those that no row has
    code : (rows,) number of the cell

    Raises
    ------
    InputError : a value is missing
    """
    key: NDArray[np.integer] = np.zeros(len(rows), dtype=np.int32)
    size = 1
    for name in variables:
        codes, levels = _codes(rows[name])
        if missing:
            codes, levels = codes.astype(np.int64) + 1, levels + 1
        elif len(codes) and codes.min() < 0:
            raise InputError(
                "Column {column} is empty in {count} rows; fill it or leave those rows out.",
                column=name,
                count=int((codes < 0).sum()),
            )
        levels = max(levels, 1)
        if size * levels > ROOM and size > 1:
            key, size = _renumbered(key, size)
        size *= levels
        key = key.astype(np.int64 if size >= 1 << 31 else np.int32, copy=False)
        key *= levels
        np.add(key, codes, out=key, casting="unsafe")
    code, cells = _renumbered(key, size)
    representative = np.zeros(cells, dtype=np.int64)
    representative[code[::-1]] = np.arange(len(code) - 1, -1, -1)
    values = rows[list(variables)].iloc[representative].reset_index(drop=True)
    for name in variables:
        if isinstance(values[name].dtype, pd.CategoricalDtype):
            values[name] = values[name].cat.remove_unused_categories()
    return values, code


def make_cells(
    rows: pd.DataFrame,
    variables: Sequence[str],
    count: str,
    exposure: str,
    missing: bool = False,
    unit: str | None = None,
) -> Cells:
    """Return the cells of the rows, having checked counts and exposures (the errors of :func:`numbers` and :func:`grouping`)."""
    exposed, counted = numbers(rows, exposure), numbers(rows, count)
    if len(rows) == 0:
        raise InputError("There are no rows to fit.")
    left_out = 0
    if exposed.min() == 0.0:
        there = exposed > 0.0
        orphans = int((counted[~there] > 0.0).sum())
        if orphans:
            raise InputError(
                "{count} rows have cases but no exposure in column {column}; correct the exposure or leave those rows out.",
                count=orphans,
                column=exposure,
            )
        left_out = int((~there).sum())
        if left_out == len(rows):
            raise InputError("Column {column} is 0 in every row: there is no exposure to fit on.", column=exposure)
        rows, exposed, counted = rows[there], exposed[there], counted[there]
    values, code = grouping(rows, variables, missing)
    shared = names = None
    if unit is not None:
        if unit not in rows:
            raise InputError(
                "The rows have no column {column}; they have {columns}.", column=unit, columns=", ".join(map(str, rows))
            )
        labels, shared = grouping(rows, [unit])
        names = pd.Index(labels[unit])
    return Cells(values, code, exposed, counted, left_out, shared, names)
