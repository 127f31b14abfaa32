"""A grid of scenarios on all cores or on a cluster, through the standard ``concurrent.futures.Executor``.

Scenarios that differ only in the rate tested or the target share one `analysis.review.prepare`: they are one group, the unit of work. Each
finished group is a Parquet file of its own, so that a sweep that was stopped goes on where it was; `sweep.parquet` holds all rows.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import os
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.questions.grid import RATE_SIDE, Grid, group
from analysis.questions.workers import MOST_PROCESSES, Workers, on_cluster, on_this_computer
from analysis.rate_review import BASES, RateReview
from analysis.review import conclude, prepare, version
from analysis.scenario import Scenario, to_plain
from data.book import open_book
from data.parameters import load_parameters
from models.messages import InputError, Message

RETRIES = 2
"""How often a group is tried again after its worker died."""

QUANTILES = ("p05", "p25", "p50", "p75", "p95")

Rows = list[dict[str, Any]]
Progress = Callable[[Message], object]


@dataclass(frozen=True)
class Task:
    """What a worker is told: where the book is, what it must hold, under which parameters and program, and the scenarios."""

    book: str
    fingerprint: str
    parameters: str
    version: str
    keys: tuple[str, ...]
    scenarios: tuple[Scenario, ...]


@dataclass(frozen=True)
class Swept:
    """What a sweep wrote: the file of all rows, and how many groups were calculated and found done."""

    path: Path
    calculated: int
    found: int


# one group, in a worker


def evaluate(task: Task) -> Rows:
    """Open the book, simulate once, and return one plain row a scenario (the columns of `schema` without ``row``).

    Raises
    ------
    InputError
        This worker's program or book is another than the sweep's, or the book cannot answer.
    """
    if version() != task.version:
        raise InputError(
            "A worker runs version {own} of the program, the sweep {wanted}. Start the workers from the same folder.",
            own=version(),
            wanted=task.version,
        )
    if parameters_hash(task.scenarios[0].overlays) != task.parameters:
        raise InputError("The parameters or overlays changed during the sweep, or a worker reads other files.")
    with open_book(task.book) as book:
        if book.fingerprint() != task.fingerprint:
            raise InputError("The book {name} changed during the sweep, or a worker sees another one.", name=book.name)
        prepared = prepare(book, task.scenarios[0])
    return [_row(task, asked, conclude(prepared, asked)) for asked in task.scenarios]


@cache
def parameters_hash(overlays: tuple[str, ...]) -> str:
    """Return the SHA-256 of all dated parameters under these overlays."""
    return hashlib.sha256(repr(load_parameters(*overlays).entries).encode()).hexdigest()


def _row(task: Task, asked: Scenario, review: RateReview) -> dict[str, Any]:
    """One scenario's result. Rates and target stand as used, other varied keys as asked (null: left to the parameters)."""
    end, scenario = review.fund.iloc[-1], review.scenario
    target, months = scenario.target_payable_months, float(end["payable_months_p50"])
    wanted = review.required_rate.set_index("probability")["rate"]
    probability = review.probability_solvent
    row: dict[str, Any] = {
        **{key: _cell(_at(asked, key)) for key in task.keys},
        "base_rate": scenario.base_rate,
        "target_payable_months": target,
        "current_rate": review.current_rate,
        **{
            f"{basis}_{name}": getattr(review.indicated[basis], name) if basis in review.indicated else None
            for basis in BASES
            for name in ("rate", "low", "high")
        },
        "probability_solvent": probability,
        "standard_error": math.sqrt(probability * (1.0 - probability) / scenario.paths),
        "required_rate": float(wanted[scenario.solvency_level]),
        "payable_months": review.payable_months,
        "closing_period": str(end["period"]),
        **{f"closing_balance_{q}": float(end[f"balance_{q}"]) for q in QUANTILES},
        "closing_payable_months": months,
        "meets_target": None if target is None else months >= target,
        "paths": scenario.paths,
        "seed": scenario.seed,
        "fingerprint": task.fingerprint,
        "version": task.version,
    }
    return {name: None if isinstance(v, float) and not math.isfinite(v) else v for name, v in row.items()}


def _at(scenario: Scenario, key: str) -> Any:
    value: Any = scenario
    for part in key.split("."):
        value = getattr(value, part)
    return to_plain(value)


def _cell(value: Any) -> Any:
    """A list or mapping becomes JSON text; everything else stands as it is."""
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else value


def schema(grid: Grid) -> pa.Schema:
    """Return the columns of a sweep. Rates are fractions of total cost, balances yuan, at the end of the horizon; absent is null."""
    kinds = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), date: pa.date32(), str: pa.string()}

    def varied(key: str) -> pa.DataType:
        kind = {type(_cell(_at(s, key))) for s in grid.scenarios} - {type(None)}
        return kinds[kind.pop()] if kind else pa.float64()

    results = {
        **dict.fromkeys(("base_rate", "target_payable_months", "current_rate"), pa.float64()),
        **{f"{basis}_{name}": pa.float64() for basis in BASES for name in ("rate", "low", "high")},
        **dict.fromkeys(("probability_solvent", "standard_error", "required_rate", "payable_months"), pa.float64()),
        "closing_period": pa.string(),
        **{f"closing_balance_{q}": pa.float64() for q in QUANTILES},
        "closing_payable_months": pa.float64(),
        "meets_target": pa.bool_(),
        **dict.fromkeys(("paths", "seed"), pa.int64()),
        **dict.fromkeys(("fingerprint", "version"), pa.string()),
    }
    return pa.schema([*((key, varied(key)) for key in grid.keys if key not in results), *results.items()])


# all groups


def sweep(
    book: str,
    grid: Grid,
    out: Path,
    workers: int | None = None,
    cluster: str | None = None,
    progress: Progress = lambda message: None,
) -> Swept:
    """Evaluate every scenario of a grid; groups that an earlier sweep finished in ``out`` are kept.

    Parameters
    ----------
    book : what `data.book.open_book` opens; on a cluster every worker must see the same
    out : folder for ``sweep.parquet`` (columns: ``row``, the position in the grid, and `schema`) and ``groups/``
    workers : local processes; one a core where None
    cluster : address of a running Dask scheduler (``tcp://host:port``) instead of local processes
    progress : told after every group

    Raises
    ------
    InputError
        The book cannot be read, the cluster cannot be used, or a group ended its workers more than `RETRIES` times.
    KeyboardInterrupt
        Stopped; finished groups stand in ``out``, and the same call goes on from there.
    """
    if workers is not None and not 1 <= workers <= MOST_PROCESSES:
        raise InputError(
            "{name} is {value}; it must be a number from {low} to {high}.",
            name="workers",
            value=workers,
            low=1,
            high=MOST_PROCESSES,
        )
    place = str(Path(book).resolve()) if Path(book).exists() else book
    with open_book(place) as opened:
        fingerprint = opened.fingerprint()
    columns, groups = schema(grid), group(grid)
    tasks = [
        Task(place, fingerprint, parameters_hash(g.scenarios[0].overlays), version(), grid.keys, g.scenarios)
        for g in groups
    ]
    files = [out / "groups" / f"{_digest(task)}.parquet" for task in tasks]
    todo = [i for i, file in enumerate(files) if _read(file, columns) is None]
    done = found = len(groups) - len(todo)
    if found:
        progress(Message("{found} of {groups} groups were finished before.", {"found": found, "groups": len(groups)}))

    def keep(index: int, rows: Rows) -> None:
        nonlocal done
        _write(pa.Table.from_pylist(rows, schema=columns), files[index])
        done += 1
        progress(Message("{done} of {groups} groups finished.", {"done": done, "groups": len(groups)}))

    if todo:
        _folder(out / "groups")
        slots = min(workers or os.cpu_count() or 1, MOST_PROCESSES, len(todo))
        with on_cluster(cluster, len(todo)) if cluster else on_this_computer(slots) as where:
            run({i: tasks[i] for i in todo}, where, keep, progress)
    tables = []
    for one, file in zip(groups, files, strict=True):
        table = _read(file, columns)
        if table is None:
            raise InputError("The file {path} was changed meanwhile. Start the sweep again.", path=str(file))
        tables.append(table.add_column(0, "row", pa.array(one.rows, pa.int64())))
    _write(pa.concat_tables(tables).sort_by("row"), out / "sweep.parquet")
    return Swept(out / "sweep.parquet", len(todo), found)


def run(
    tasks: Mapping[int, Task],
    workers: Workers,
    keep: Callable[[int, Rows], None],
    progress: Progress = lambda message: None,
) -> None:
    """Evaluate tasks, giving each one's rows to ``keep`` as it ends.

    When a pool of processes breaks, any of the tasks under way may have done it: each of them is then tried alone, so that the one that
    ends its workers takes no other with it. A task that does so more than `RETRIES` times is an `InputError` that names it.
    """
    waiting = deque(tasks)
    ended = dict.fromkeys(tasks, 0)
    running: dict[Future[Rows], int] = {}
    executor = workers.remake()
    while waiting or running:
        alone = any(ended[i] for i in itertools.chain(waiting, running.values()))
        broken = False
        while waiting and not broken and len(running) < (1 if alone else workers.slots):
            try:
                running[executor.submit(evaluate, tasks[waiting[0]])] = waiting[0]
                waiting.popleft()
            except BrokenProcessPool:  # an idle worker died
                broken = True
        over = wait(running, return_when=FIRST_COMPLETED).done
        broken |= any(isinstance(future.exception(), BrokenProcessPool) for future in over)
        for future in wait(running).done if broken else over:  # in a broken pool all end at once
            index, error = running.pop(future), future.exception()
            if error is None:
                keep(index, future.result())
            elif not isinstance(error, workers.deadly):
                raise error
            else:
                ended[index] += 1
                if ended[index] > RETRIES or not broken:
                    raise InputError(
                        "The group {group} ended its workers again and again (out of memory?). The finished groups are kept.",
                        group=describe(tasks[index]),
                    ) from error
                progress(Message("A worker died; the group {group} is tried again.", {"group": describe(tasks[index])}))
                waiting.appendleft(index)
        if broken:
            executor = workers.remake()


def describe(task: Task) -> str:
    """Return what tells a group from the others: its values of the varied keys that are not of the rate side."""
    parts = [f"{key}={_cell(_at(task.scenarios[0], key))}" for key in task.keys if key not in RATE_SIDE]
    return ", ".join(parts) or task.scenarios[0].name


# files


def _digest(task: Task) -> str:
    """A file name that changes with everything the rows depend on."""
    content = [task.fingerprint, task.parameters, task.version, task.keys, [to_plain(s) for s in task.scenarios]]
    return hashlib.sha256(json.dumps(content, default=str).encode()).hexdigest()[:32]


def _folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError("The folder {path} cannot be made.", path=str(path)) from error


def _read(path: Path, columns: pa.Schema) -> pa.Table | None:
    """Return a finished group; None where there is none or the file is damaged."""
    try:
        with pq.ParquetFile(path) as file:  # not read_table: it would take year=2020 in a folder's name for a column
            table = file.read()
    except (OSError, pa.ArrowInvalid):
        return None
    return table if table.schema.equals(columns) else None


def _write(table: pa.Table, path: Path) -> None:
    """Write a file that is whole or not there."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        pq.write_table(table, part)
        os.replace(part, path)
    except OSError as error:
        raise InputError(
            "{path} cannot be written: {reason}.", path=str(path), reason=error.strerror or error
        ) from error
    finally:
        part.unlink(missing_ok=True)
