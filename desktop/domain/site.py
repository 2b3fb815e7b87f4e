"""Where a case comes from: a site, kept as one tag of the case that a person chose.

A site is named by whoever leads the project, by folder or by hand; no attribute of an image
becomes one by itself.
"""

from __future__ import annotations

from collections.abc import Iterable

SITE = "site:"


def site_of(tags: Iterable[str]) -> str:
    """The site that a case's tags name, "" for none."""
    return next((tag.removeprefix(SITE) for tag in tags if tag.startswith(SITE)), "")


def site_tag(name: str) -> str:
    """The tag of a site; "" for an empty name."""
    words = " ".join(name.split())
    return f"{SITE}{words}" if words else ""


def with_tag(tags: Iterable[str], tag: str) -> tuple[str, ...]:
    """Tags with one more, sorted; a case has one site, so a site takes the place of another."""
    others = [t for t in tags if t != tag]
    if tag.startswith(SITE):
        others = [t for t in others if not t.startswith(SITE)]
    return tuple(sorted((*others, tag)))
