"""One warm child process for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from desktop.imaging.child import ChildPool


@pytest.fixture(scope="session")
def pool() -> Iterator[ChildPool]:
    pool = ChildPool(workers=1)
    pool.start()
    yield pool
    pool.close()
