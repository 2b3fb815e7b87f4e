"""The cases behind shares of known answers and of wrong advice, reader by reader."""

from __future__ import annotations

from collections.abc import Sequence

from desktop.engines.gold.gold_scores import Share
from desktop.engines.proportions import wilson
from desktop.exchange.plot_kinds import forest
from desktop.exchange.plots import Axis, Plot
from desktop.store.case_facts import case_facts
from desktop.store.database import Connection
from desktop.workspace.quality.known_answers import Advised, Checked
from desktop.workspace.quality.quality_board import Board
from desktop.workspace.quality.quality_detail import CaseSaid, TopicDetail
from desktop.workspace.quality.quality_tables import words_of

RIGHT, TAKEN = "right", "taken"  # which of the two shares


def found_of(
    board: Board, topic: str, what: str, reader_id: str = ""
) -> Sequence[Checked | Advised]:
    """What a share of a topic counts, of all readers or of one."""
    all_of: Sequence[Checked | Advised] = board.checked if what == RIGHT else board.advised
    return [one for one in all_of if one.topic == topic and reader_id in ("", one.reader_id)]


def cases_behind(
    connection: Connection, detail: TopicDetail, found: Sequence[Checked | Advised]
) -> list[CaseSaid]:
    """One line for each case: those with a wrong answer, or with wrong advice taken, first.

    After what the readers said comes what they are held against: the known answer, or the advice.
    """
    bad: dict[str, bool] = {}
    against: dict[str, str] = {}
    for one in found:
        is_bad = one.taken if isinstance(one, Advised) else not one.right
        bad[one.case_id] = bad.get(one.case_id, False) or is_bad
        held = one.suggested if isinstance(one, Advised) else one.known
        against[one.case_id] = words_of(detail.topic.question, held)
    place = {item: n for n, item in enumerate(detail.items)}
    facts = {f.case_id: f for f in case_facts(connection, sorted(bad))} if bad else {}
    lines = []
    for case_id, is_bad in bad.items():
        number = place.get((case_id, ""))
        said = detail.lines([number])[0].said if number is not None else ()
        title = facts[case_id].title if case_id in facts else case_id[:8]
        lines.append(
            CaseSaid(
                case_id,
                title,
                "",
                (*(said or ("",) * len(detail.readers)), against[case_id]),
                is_bad,
            )
        )
    return sorted(lines, key=lambda line: (not line.differ, line.title))


def known_plot(board: Board, detail: TopicDetail, names: Sequence[str]) -> Plot:
    """Right answers and wrong advice taken by reader; keys are (share, reader id)."""
    rows = []
    for what, words in ((RIGHT, "right"), (TAKEN, "wrong advice taken")):
        for reader, name in zip(detail.readers, names, strict=True):
            share = _share(board, detail.topic.key, what, reader)
            if share.value is not None and share.interval is not None:
                label = f"{name}: {words} ({share.right:,} of {share.asked:,})"
                ends = (share.interval.low, share.interval.high)
                rows.append(((what, reader), label, share.value, *ends))
    plot = forest(rows, Axis("share", percent=True, low=0.0, high=1.0), "Known answers and advice")
    note = "Share with its 95 % interval (Wilson). Known: ruled on, or gold. Advice: of the wrong "
    note += "suggestions that the reader decided, those that were kept."
    empty = "No known answer here: none of these cases is gold, nobody ruled on one."
    return Plot(plot.x, plot.y, plot.layers if rows else (), plot.title, note, empty)


def _share(board: Board, topic: str, what: str, reader_id: str) -> Share:
    found = found_of(board, topic, what, reader_id)
    yes = sum(one.taken if isinstance(one, Advised) else one.right for one in found)
    return Share(yes, len(found), wilson(yes, len(found)) if found else None)
