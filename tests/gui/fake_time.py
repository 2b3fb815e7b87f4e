"""Working time in memory, for tests of the window."""

from __future__ import annotations

from typing import Any

from desktop.domain.time_span import TimeSpan


class FakeTime:
    """Sums over the spans that were kept."""

    def find(self, record_type: type, **equals: str) -> list[Any]:
        raise NotImplementedError

    def working_seconds(self, case_ids: Any) -> dict[str, Any]:
        found: dict[str, dict[Any, float]] = {}
        for span in self.find(TimeSpan):
            if span.case_id in case_ids:
                sums = found.setdefault(span.case_id, {})
                sums[span.state] = sums.get(span.state, 0.0) + span.seconds
        return found

    def time_by_tool(self, case_id: str = "") -> list[tuple[str, str, str, Any, float]]:
        sums: dict[tuple[str, str, str, Any], float] = {}
        for span in self.find(TimeSpan):
            if case_id in ("", span.case_id):
                key = (span.reader_id, span.case_id, span.tool, span.state)
                sums[key] = sums.get(key, 0.0) + span.seconds
        return [(*key, seconds) for key, seconds in sums.items()]
