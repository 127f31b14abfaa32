"""Where the tasks of a sweep run: processes of this computer, or the workers of a running Dask scheduler."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass

from models.messages import InputError

MOST_PROCESSES = 61
"""What Windows lets one pool wait for."""

PATIENCE = 10
"""Seconds to wait for a scheduler and its first worker."""


@dataclass(frozen=True)
class Workers:
    """Where tasks run: an executor (a new one after a pool broke), how many tasks at once, what it raises for a task that ends its workers."""

    remake: Callable[[], Executor]
    slots: int
    deadly: tuple[type[Exception], ...] = (BrokenProcessPool,)


@contextmanager
def on_this_computer(slots: int) -> Iterator[Workers]:
    """Processes of this computer, started afresh (spawn) on every system, so that they are alike everywhere."""
    pools: list[ProcessPoolExecutor] = []

    def remake() -> Executor:
        if pools:
            pools.pop().shutdown(wait=True, cancel_futures=True)
        pools.append(ProcessPoolExecutor(slots, multiprocessing.get_context("spawn"), _ends_silently))
        return pools[0]

    try:
        yield Workers(remake, slots)
    finally:
        for pool in pools:
            pool.shutdown(wait=True, cancel_futures=True)


def _ends_silently() -> None:
    """Let Ctrl-C, which a terminal sends to every process, end a worker at once and without a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def on_cluster(address: str, slots: int) -> Iterator[Workers]:
    """The workers of a running Dask scheduler; a task whose worker dies is given to another by the scheduler."""
    from distributed import Client, KilledWorker

    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError(
            "No Dask scheduler answers at {address}; an address looks like tcp://127.0.0.1:8786.", address=address
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError as error:
            raise InputError("The Dask scheduler at {address} has no worker.", address=address) from error
        executor = client.get_executor(pure=False)
        try:
            yield Workers(lambda: executor, slots, (KilledWorker,))
        except CancelledError as error:
            raise InputError(
                "The Dask scheduler at {address} went away. The finished groups are kept.", address=address
            ) from error
        except ImportError as error:
            raise InputError(
                "The workers of {address} do not know this program; start them in its folder, with its Python.",
                address=address,
            ) from error
