"""Asks for prompted outlines and tells that the reader waits meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from desktop.interaction.prompting import Prompted, Prompter, PromptProblem, Prompts


class Waited:
    """A Prompter around another one; ``tell`` hears True at each question, False at its answer."""

    def __init__(self, prompter: Prompter, tell: Callable[[bool], None]) -> None:
        self._prompter, self._tell = prompter, tell

    def why_not(self, case_id: str) -> str:
        return self._prompter.why_not(case_id)

    def ask(self, prompts: Prompts, answer: Callable[[Prompted | PromptProblem], None]) -> None:
        def answered(found: Prompted | PromptProblem) -> None:
            self._tell(False)
            answer(found)

        self._tell(True)
        self._prompter.ask(prompts, answered)
