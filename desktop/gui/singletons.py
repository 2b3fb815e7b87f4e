"""Keeps Python's singletons alive under the Qt binding on Python 3.11.

Since 6.12 PySide6 is built for interpreters whose ``None``, ``True`` and ``False`` are immortal
(Python 3.12 and later). On 3.11 each call that returns nothing takes one reference from ``None``
that was never given, and each emitted signal one from ``True``; after some thousand calls the
interpreter ends with "deallocating None". A count that no session can use up prevents it.
Source: PEP 683 (immortal objects).
"""

from __future__ import annotations

import ctypes
import sys

_MANY = 1 << 56


def keep() -> None:
    """Give None, True and False more references than a session can take; harmless when repeated."""
    if sys.version_info >= (3, 12):
        return
    for single in (None, True, False):
        count = ctypes.c_ssize_t.from_address(id(single))
        if count.value < _MANY:
            count.value += _MANY
