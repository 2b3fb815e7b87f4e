"""One thread for linear algebra: on two cores many small problems run faster without a pool."""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager
from typing import Any


def single_thread() -> AbstractContextManager[Any]:
    """While it holds, BLAS and OpenMP of this process use one thread."""
    limits: AbstractContextManager[Any] = _controller().limit(limits=1)
    return limits


def single_blas_thread() -> AbstractContextManager[Any]:
    """The same for BLAS alone; loads no learners. A pool makes tiny steps forty times as dear."""
    limits: AbstractContextManager[Any] = _blas().limit(limits=1)
    return limits


@functools.cache
def _blas() -> Any:
    import scipy.optimize  # noqa: F401
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


@functools.cache
def _controller() -> Any:
    import sklearn.cluster
    import sklearn.ensemble  # noqa: F401
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
