"""Why the label model says what it says of one item: what each rule adds, as signed bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QStackedWidget, QWidget

from desktop.exchange.plots import Axis, Bars, Datum, Guide, Plot
from desktop.gui.rules.rules_items import item_words, label_words
from desktop.gui.rules.rules_words import percent
from desktop.gui.widgets.furniture import ElidedLabel, EmptyState, down, label
from desktop.gui.widgets.plot import PlotView

if TYPE_CHECKING:
    from desktop.workspace.rules.rule_board import RuleBoard

_MOST_BARS = 14


class EvidencePanel(QWidget):
    """Signed bars of one item: what each rule adds; together they are the log-odds."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = down(self, (12, 8, 12, 8), 4)
        self.title = ElidedLabel("", "heading")
        self.sum = label("", "muted", wrap=True)
        self.plot = PlotView("What each rule adds")
        self._stack = QStackedWidget()
        inside = QWidget()
        rows = down(inside, gap=4)
        rows.addWidget(self.title)
        rows.addWidget(self.sum)
        rows.addWidget(self.plot, 1)
        self._nothing = EmptyState(
            "rules", "No item is chosen", "Choose one on the left to see why it is what it is."
        )
        self._stack.addWidget(self._nothing)
        self._stack.addWidget(inside)
        column.addWidget(self._stack, 1)

    def show_item(self, board: RuleBoard | None, n: int | None) -> None:
        """Explain another item, or none."""
        self._stack.setCurrentIndex(0 if board is None or n is None else 1)
        if board is None or n is None:
            return
        found = board.evidence(n)
        first, second = (label_words(board, k) for k in (found.first, found.second))
        model = board.model
        if model.no_evidence[n]:
            said = "no rule speaks about it, so it has no label"
        else:
            chance = float(model.probability[n, found.first])
            said = f"{first}, {percent(chance)}" + (" (known)" if found.known else "")
        self.title.setText(f"{item_words(board, n)}: {said}")
        self.sum.setText(
            f"Log-odds of {first} against {second}: {signed(found.log_odds)}, the sum of the bars."
        )
        self.plot.show_plot(evidence_plot(board, n))


def evidence_plot(board: RuleBoard, n: int) -> Plot:
    """One lying bar per reason; the silence of rules is one bar, as are many weak votes."""
    found = board.evidence(n)
    first, second = (label_words(board, k) for k in (found.first, found.second))
    rows: list[tuple[str, float, str]] = []
    silent = 0.0
    quiet = [r for r in found.reasons if r.rule >= 0 and r.vote < 0]
    for reason in found.reasons:
        if reason.rule < 0:
            rows.append(("How frequent they are", reason.log_odds, "class shares"))
        elif reason.vote >= 0:
            says = label_words(board, reason.vote)
            rows.append((f"{board.rules[reason.rule].name}: {says}", reason.log_odds, says))
        else:
            silent += reason.log_odds
    rows = _shortened(rows)
    if quiet:
        count = "1 rule stays" if len(quiet) == 1 else f"{len(quiet)} rules stay"
        rows.append((f"{count} silent", silent, "silence of rules that say one thing only"))
    data = [
        Datum(name, value, float(row), words=f"{name}\n{signed(value)} ({why})")
        for row, (name, value, why) in enumerate(rows)
    ]
    names = tuple(name for name, _value, _why in rows)
    return Plot(
        x=Axis(f"Log-odds of {first} against {second}"),
        y=Axis(names=names),
        layers=(
            Guide(x=0.0, dashed=False),
            Bars(tuple(d for d in data if d.x >= 0), f"for {first}", "accent", lying=True),
            Bars(tuple(d for d in data if d.x < 0), f"for {second}", "warn", lying=True),
        ),
    )


def _shortened(rows: list[tuple[str, float, str]]) -> list[tuple[str, float, str]]:
    """The strongest reasons, the others as one."""
    if len(rows) <= _MOST_BARS:
        return rows
    rest = rows[_MOST_BARS - 1 :]
    total = sum(value for _name, value, _why in rest)
    return [*rows[: _MOST_BARS - 1], (f"{len(rest)} weaker votes", total, "together")]


def signed(value: float) -> str:
    """A number with its sign and two decimals."""
    return f"{value:+.2f}".replace("-", "−")
