"""Runs functions at the same moment on threads of their own, each with its own connection."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connection

T = TypeVar("T")
START_TIMEOUT_S = 60.0


def together(functions: Sequence[Callable[[], T]]) -> list[T]:
    """Their results in order; the first exception is raised when all have ended."""
    barrier = Barrier(len(functions), timeout=START_TIMEOUT_S)

    def run(function: Callable[[], T]) -> T:
        try:
            barrier.wait()
            return function()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(functions)) as pool:
        return list(pool.map(run, functions))
