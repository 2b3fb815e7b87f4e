"""Sites by folder: what lies below one folder of the images that are taken in is one site's.

Only a person's wish makes a site of a folder's name; nothing is read out of the images for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from desktop.domain.site import site_tag, with_tag
from desktop.imaging.scan import ScanResult


def sites_by_folder(result: ScanResult, roots: Sequence[Path]) -> dict[str, str]:
    """Site by case id: the folder right below the one that was opened.

    Of several opened folders each is a site itself. A case whose images lie in two sites, or right
    in the opened folder, has none.
    """
    folders = [Path(r).absolute() for r in roots if Path(r).is_dir()]
    of_series: dict[str, set[str]] = {}
    for instance in result.instances:
        site = _site(result.sources[instance.id].absolute(), folders)
        of_series.setdefault(instance.series_id, set()).add(site)
    found = {}
    for case in result.cases:
        names = set().union(*(of_series.get(s, set()) for s in case.series_ids))
        if len(names) == 1 and (name := names.pop()):
            found[case.id] = name
    return found


def with_sites(result: ScanResult, roots: Sequence[Path]) -> ScanResult:
    """The same with the tag of its site on each new case."""
    sites = sites_by_folder(result, roots)
    cases = [
        msgspec.structs.replace(c, tags=with_tag(c.tags, site_tag(sites[c.id])))
        if c.id in sites
        else c
        for c in result.cases
    ]
    return replace(result, cases=cases)


def _site(path: Path, folders: Sequence[Path]) -> str:
    for folder in folders:
        if path.is_relative_to(folder):
            parts = path.relative_to(folder).parts
            if len(folders) > 1:
                return folder.name
            return parts[0] if len(parts) > 1 else ""
    return ""
