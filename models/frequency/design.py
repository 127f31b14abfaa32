"""A formula and its design matrix: parsed and coded by patsy, on cells; a formula is never run as a program."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import patsy  # type: ignore[import-untyped]
from numpy.typing import NDArray

from models.frequency.cells import Cells, Floats
from models.messages import InputError

Booleans = NDArray[np.bool_]

CONTRASTS = ("Treatment", "Poly", "Sum", "Diff", "Helmert")
LEARNERS = ("bs", "cr", "cc", "center", "standardize", "scale")  # transforms that learn from the rows they first see
FUNCTIONS: Mapping[str, Any] = {"log": np.log, "sqrt": np.sqrt, "exp": np.exp}
KNOWN = {"C", "I", "Q", *CONTRASTS, *LEARNERS, *FUNCTIONS}
NODES = (
    ast.Expression,
    ast.Load,
    ast.Constant,
    ast.BinOp,
    ast.UnaryOp,
    ast.operator,
    ast.unaryop,
    ast.List,
    ast.Tuple,
    ast.keyword,
)
ALIAS_TOLERANCE = 1e-11  # squared residual of a column on those before it, as a share of its own squared length
ESTIMABLE_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Formula:
    """A checked formula: ``response`` column, ``variables`` columns of the right side in order, ``learns`` if a transform learns from rows."""

    text: str
    response: str
    variables: tuple[str, ...]
    right: Any
    learns: bool


def _names(code: str) -> tuple[list[str], bool]:
    """Return the columns that a term's code uses and whether it learns; refuse all but columns, numbers and known functions."""
    names: list[str] = []
    learns = False

    def visit(node: ast.AST) -> None:
        nonlocal learns
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).removeprefix("np.")
            if called not in KNOWN or (called not in FUNCTIONS and not isinstance(node.func, ast.Name)):
                raise InputError(
                    "The formula may use {known} and columns, not {code}.", known=", ".join(sorted(KNOWN)), code=code
                )
            learns = learns or called in LEARNERS
            if called == "Q":
                names.append(str(ast.literal_eval(node.args[0])))
                return
            for child in (*node.args, *node.keywords):
                visit(child)
        elif isinstance(node, ast.Name):
            if node.id not in CONTRASTS:
                names.append(node.id)
        elif isinstance(node, NODES):
            for child in ast.iter_child_nodes(node):
                visit(child)
        else:
            raise InputError(
                "The formula may use {known} and columns, not {code}.", known=", ".join(sorted(KNOWN)), code=code
            )

    visit(ast.parse(code, mode="eval"))
    return names, learns


def parse(text: str, rows: pd.DataFrame) -> Formula:
    """Parse a formula such as ``cases ~ C(project_type) + prefecture + year`` and check it against the columns of the rows.

    Functions known: C, Q, I; contrasts Treatment, Poly, Sum, Diff, Helmert; splines bs, cr, cc; center, standardize, scale; log, sqrt, exp.
    """
    try:
        description = patsy.ModelDesc.from_formula(text)
        left = [factor.code for term in description.lhs_termlist for factor in term.factors]
        right = [factor.code for term in description.rhs_termlist for factor in term.factors]
        used = [_names(code) for code in dict.fromkeys(right)]
        response = _names(left[0])[0] if len(left) == 1 else []
    except (patsy.PatsyError, SyntaxError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError("The formula {formula} cannot be read: {reason}.", formula=text, reason=str(error)) from error
    if len(response) != 1 or left[0] not in (response[0], f"Q('{response[0]}')", f'Q("{response[0]}")'):
        raise InputError("The formula {formula} must have one column of counts before the ~.", formula=text)
    if not description.rhs_termlist or (right and not any(names for names, _ in used)):
        raise InputError(
            "The formula {formula} has nothing after the ~; write 1 for one common frequency.", formula=text
        )
    variables = tuple(dict.fromkeys(name for names, _ in used for name in names))
    for name in (*response, *variables):
        if name not in rows:
            raise InputError(
                "The formula asks for column {column}; the rows have {columns}.",
                column=name,
                columns=", ".join(map(str, rows)),
            )
    if response[0] in variables:
        raise InputError("Column {column} is both the count and an explanation of it.", column=response[0])
    return Formula(text, response[0], variables, patsy.ModelDesc([], description.rhs_termlist), any(k for _, k in used))


def _coded(frame: pd.DataFrame) -> dict[str, Any]:
    """Return the columns as patsy takes them; an ordered column gets polynomial contrasts unless the formula names others."""
    coded: dict[str, Any] = {}
    for name, column in frame.items():
        kind = column.dtype
        if not isinstance(kind, pd.CategoricalDtype):
            coded[str(name)] = column.to_numpy(dtype=None if kind.kind in "biuf" else object)
        elif kind.ordered and len(kind.categories) > 1:
            coded[str(name)] = patsy.builtins.C(column, patsy.Poly)
        else:
            coded[str(name)] = column
    return coded


def _built(info: Any, frame: pd.DataFrame) -> Floats:
    """Return patsy's matrix; what is undefined stays in it as NaN, to be refused by the caller."""
    with np.errstate(all="ignore"):
        anything = patsy.NAAction(NA_types=[])
        return np.asarray(patsy.build_design_matrices([info], _coded(frame), NA_action=anything)[0], dtype=np.float64)


@dataclass(frozen=True)
class Design:
    """Coded columns of a formula, learnt once and applied to any rows.

    ``names`` of all columns; ``keep`` and ``drop`` the columns that the data tell apart and those they do not;
    ``alias`` (keep, drop) writes each dropped column in terms of the kept ones; ``levels`` of the categorical variables, ``kinds`` the types of those stored as such.
    """

    info: Any
    names: tuple[str, ...]
    keep: tuple[int, ...]
    drop: tuple[int, ...]
    alias: Floats
    levels: Mapping[str, tuple[Any, ...]]
    kinds: Mapping[str, pd.CategoricalDtype]
    variables: tuple[str, ...]

    def full(self, values: pd.DataFrame) -> Floats:
        """Return the matrix (cells, all columns); a level that the fit has not seen is refused by name."""
        if not self.variables:
            return np.ones((len(values), len(self.names)))
        for name, levels in self.levels.items():
            unseen = ~values[name].isin(levels)
            if unseen.any():
                raise InputError(
                    "Column {column} has {value}, which the fit has not seen; it knows {levels}.",
                    column=name,
                    value=str(values[name][unseen].iloc[0]),
                    levels=", ".join(map(str, levels)),
                )
        stored = {
            n: self.kinds.get(n, object) for n in self.variables if n in self.kinds or values[n].dtype == "category"
        }
        try:
            matrix = _built(self.info, values.astype(stored))
        except (patsy.PatsyError, ValueError, NotImplementedError) as error:
            raise InputError("The formula cannot be applied to these rows: {reason}.", reason=str(error)) from error
        if not np.isfinite(matrix).all():
            raise InputError(
                "A term of the formula is infinite or undefined for some rows, such as the logarithm of 0."
            )
        return matrix

    def estimable(self, matrix: Floats) -> Booleans:
        """Return (cells,) bool: whether the fitted data determine the linear predictor of a row of the full matrix."""
        if not self.drop:
            return np.ones(len(matrix), dtype=bool)
        gap = np.abs(matrix[:, self.drop] - matrix[:, self.keep] @ self.alias)
        return np.asarray(
            (gap <= ESTIMABLE_TOLERANCE * (1.0 + np.abs(matrix[:, self.drop]))).all(axis=1), dtype=np.bool_
        )

    def known(self, values: pd.DataFrame) -> Booleans:
        """Return (cells,) bool: whether the fit has seen the levels of a cell and can tell their effects."""
        seen: Booleans = np.ones(len(values), dtype=np.bool_)
        for name, levels in self.levels.items():
            np.logical_and(seen, values[name].isin(levels).to_numpy(), out=seen)
        if seen.any():
            seen[seen] = self.estimable(self.full(values[seen]))
        return seen

    def matrix(self, values: pd.DataFrame) -> Floats:
        """Return the matrix (cells, kept columns); refuse combinations about which the fitted data say nothing."""
        full = self.full(values)
        known = self.estimable(full)
        if not known.all():
            where = values.iloc[int(np.flatnonzero(~known)[0])]
            raise InputError(
                "The fitted data cannot tell the effects of {combination} apart, so nothing can be said of that combination.",
                combination=", ".join(f"{name} {value}" for name, value in where.items()),
            )
        return full[:, self.keep]


def _told_apart(matrix: Floats) -> tuple[list[int], list[int]]:
    """Return the columns that do not depend on those before them, and those that do (columns centred, by Cholesky in order)."""
    constant = np.flatnonzero((matrix == matrix[:1]).all(axis=0) & (matrix[0] != 0))
    first = int(constant[0]) if len(constant) else -1
    centred = matrix - matrix.mean(axis=0) if first >= 0 else matrix.copy()
    if first >= 0:
        # A column's own length, not its distance from the mean, says when the rest is rounding.
        centred[:, np.abs(centred).max(axis=0) <= 1e-12 * np.abs(matrix).max(axis=0)] = 0.0
        centred[:, first] = 0.0
    length = np.sqrt((centred**2).sum(axis=0))
    scaled = centred / np.where(length > 0, length, 1.0)
    gram = scaled.T @ scaled
    keep, drop = [], []
    for j in range(matrix.shape[1]):
        if j == first:
            keep.append(j)
        elif gram[j, j] <= ALIAS_TOLERANCE:
            drop.append(j)
        else:
            keep.append(j)
            gram -= np.outer(gram[:, j], gram[j]) / gram[j, j]
    return keep, drop


def learn(formula: Formula, cells: Cells) -> tuple[Design, Floats]:
    """Return the design and its matrix (cells, kept columns).

    The coding is learnt from the rows where a transform weighs them (knots of splines, means), else from the cells.
    """
    values = cells.values
    coded = _coded(values.iloc[cells.code] if formula.learns else values)
    environment = patsy.EvalEnvironment([{**FUNCTIONS, "np": SimpleNamespace(**FUNCTIONS)}])
    try:
        info = patsy.incr_dbuilder(
            formula.right, lambda: iter([coded]), environment, NA_action=patsy.NAAction(NA_types=[])
        )
    except (patsy.PatsyError, ValueError, TypeError) as error:
        raise InputError(
            "The formula {formula} cannot be read: {reason}.", formula=formula.text, reason=str(error)
        ) from error
    factors = [(_names(f.code)[0], i.type) for f, i in info.factor_infos.items()]
    categorical = dict.fromkeys(n for names, kind in factors if kind == "categorical" for n in names)
    kinds = {n: kind for n in formula.variables if isinstance(kind := values[n].dtype, pd.CategoricalDtype)}
    levels = {
        n: tuple(kinds[n].categories if n in kinds else sorted(values[n].unique(), key=lambda v: (str(type(v)), v)))
        for n in categorical
    }
    names = tuple(re.sub(r"\bnp\.\w+\((.*?)\)", r"\1", name) for name in info.column_names)  # np.int64(4) is 4
    whole = Design(info, names, (), (), np.empty((0, 0)), levels, kinds, formula.variables)
    full = whole.full(values)
    keep, drop = _told_apart(full)
    if not keep:
        raise InputError("No term of the formula {formula} varies in the rows.", formula=formula.text)
    alias = np.zeros((len(keep), len(drop)))
    if drop:
        alias[:] = np.linalg.lstsq(full[:, keep], full[:, drop], rcond=None)[0]
    alias[np.abs(alias) < 1e-9] = 0.0
    design = Design(info, whole.names, tuple(keep), tuple(drop), alias, levels, kinds, formula.variables)
    return design, full[:, keep]
