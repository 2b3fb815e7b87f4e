"""How a job ended, for pages that wait for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop.workspace.jobs import Job


def was_cancelled(job: Job) -> bool:
    """Whether the person stopped it; such a job tells neither of a result nor of a problem."""
    return job.state.value == "cancelled"
