"""What readers say about a region that both marked: attributes and lengths, row by row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSplitter, QWidget

from desktop.gui.quality.quality_detail import QualityDetail
from desktop.gui.quality.quality_table import agreement_words
from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import down, label
from desktop.gui.widgets.plain_table import Head, PlainTable, Row

if TYPE_CHECKING:
    from desktop.workspace.quality.attribute_agreement import AttributeRow
    from desktop.workspace.quality.region_agreement import RegionReport

NamesOf = Callable[[Sequence[str]], tuple[str, ...]]
HEADS = (
    Head("Attribute", "The class, and what is asked about each of its regions.", 220),
    Head("Asks", "The kind of answer.", 170),
    Head("Coefficient", "The one that fits the kind of answer; others are in the tooltip.", 220),
    Head("Agreement", "With its 95 % interval.", 170),
    Head("Findings", "Findings of which two or more readers said something.", 90, True),
    Head("Readers", "Readers who answered.", 80, True),
    Head("Most common", "The answer given most often, with its share of all answers.", 150),
)


class AttributesPart(QWidget):
    """Rows above, the chosen one in detail below; ``chosen`` carries a case to be read."""

    chosen = Signal(str)

    def __init__(self, shell: Shell, names_of: NamesOf) -> None:
        super().__init__()
        self._names_of = names_of
        self._report: RegionReport | None = None
        column = down(self, gap=8)
        self.about = label("", "small", wrap=True)
        column.addWidget(self.about)
        self.table = PlainTable("Agreement by attribute", HEADS)
        self.table.picked.connect(self._show_row)
        self.detail = QualityDetail(shell, of_board=False)
        self.detail.chosen.connect(self.chosen)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self.table)
        split.addWidget(self.detail)
        split.setSizes([180, 480])
        column.addWidget(split, 1)

    def show_report(self, report: RegionReport) -> int:
        """Show what was compared; the number of rows."""
        from desktop.workspace.claims.findings import MATCHED
        from desktop.workspace.quality.attribute_agreement import DEFINITION

        self._report = report
        self.about.setText(DEFINITION)
        self.about.setToolTip(MATCHED)
        self.table.show_rows([_row(one) for one in report.attributes], self.table.key())
        if not report.attributes:
            self.detail.show_detail(None, ())
        return len(report.attributes)

    def nothing(self) -> str:
        """Why there may be no row."""
        return (
            "No finding that two readers marked with the same class has an attribute, or a length "
            "in mm."
        )

    def take_focus(self) -> None:
        self.table.setFocus()

    def refresh_names(self) -> None:
        """Readers are called otherwise now."""
        if self.detail.detail is not None:
            self.detail.show_detail(self.detail.detail, self._names_of(self.detail.detail.readers))

    def _show_row(self, key: Any) -> None:
        one = self._report.attribute(str(key)) if self._report is not None else None
        if one is not None:
            self.detail.show_detail(one.detail, self._names_of(one.detail.readers))


def _row(one: AttributeRow) -> Row:
    row = one.row
    most = max(row.shares, key=lambda s: s[1], default=("", 0.0))
    beside = "".join(f"\n{told.name}: {told.text}" for told in row.beside)
    return Row(
        row.topic.key,
        (
            row.topic.title,
            row.topic.asks,
            row.agreement.name,
            agreement_words(row.agreement),
            f"{row.items:,}",
            f"{row.readers:,}",
            f"{most[0]} {most[1]:.0%}" if most[0] else "–",
        ),
        f"{row.topic.title}\n{row.agreement.note}" + (f"\n\nBeside it:{beside}" if beside else ""),
        "text" if row.agreement.value is not None else "muted",
    )
