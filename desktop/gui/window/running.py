"""How a job ended, for pages that wait for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop.gui.shell import Shell
    from desktop.workspace.jobs import Job, Jobs


def was_cancelled(job: Job) -> bool:
    """Whether the person stopped it; such a job tells neither of a result nor of a problem."""
    return job.state.value == "cancelled"


def wait_for_job(shell: Shell, jobs: Jobs, job: Job) -> None:
    """The reader asked for it and waits: that is no working time until it ends, in any way."""
    if job not in jobs.running:
        return
    shell.waiting.emit(True)

    def changed() -> None:
        if job not in jobs.running:
            stop()
            shell.waiting.emit(False)

    stop = jobs.on_changed(changed)
