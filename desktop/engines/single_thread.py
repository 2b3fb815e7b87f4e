"""One thread for linear algebra: on two cores many small problems run faster without a pool."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any


def single_thread() -> AbstractContextManager[Any]:
    """While it holds, BLAS and OpenMP of this process use one thread."""
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[Any] = threadpool_limits(limits=1)
    return limits
