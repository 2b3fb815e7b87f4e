"""What lies in a folder, before anything is made of it: series, trouble, identifiers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QCheckBox,
    QHeaderView,
    QStackedWidget,
    QTabBar,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from desktop.gui.widgets import icons, theme
from desktop.gui.widgets.furniture import across, down, label

if TYPE_CHECKING:
    from desktop.workspace.images.new_project import SeriesFound, Survey

_ID = Qt.ItemDataRole.UserRole
_SHOWN = 2000
_WIDTHS = (230, 80, 200, 80, 130)


class FoundStep(QWidget):
    """Lists behind tabs; a series that is not ticked is left out of the project."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._survey: Survey | None = None
        column = down(self, gap=8)
        head = across(gap=12)
        self._mark = icons.Glyph("check", "ok", 24)
        head.addWidget(self._mark)
        self.sentence = label("", "title", wrap=True)
        head.addWidget(self.sentence, 1)
        column.addLayout(head)
        self.warning = label("", "warn", wrap=True)
        column.addWidget(self.warning)
        self.tabs = QTabBar()
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        column.addWidget(self.tabs)
        self._stack = QStackedWidget()
        self.series = _tree(
            "Series", ("Case", "Modality", "Series", "Images", "Size", "Geometry"), _WIDTHS
        )
        self.series.itemChanged.connect(lambda _i, _c: self._count())
        self.series.currentItemChanged.connect(lambda _new, _old: self._show_warning())
        self.refused = _tree("Files not read", ("File", "Why"), (340,))
        self.doubles = _tree("Duplicates", ("File", "The same image as"), (340,))
        self.identifiers = _tree(
            "Identifying attributes", ("Attribute", "Filled in", "One of the values"), (300, 120)
        )
        holder = QWidget()
        inside = down(holder, gap=8)
        inside.addWidget(
            label(
                "These attributes stay in your files. The project knows patients by made-up keys, "
                "and so does a bundle, unless you ask for identities when you export.",
                "muted",
                wrap=True,
            )
        )
        self.values = QCheckBox("Show values on this screen")
        self.values.toggled.connect(lambda _on: self._show_identifiers())
        inside.addWidget(self.values)
        inside.addWidget(self.identifiers, 1)
        listing = QWidget()
        below = down(listing, gap=8)
        below.addWidget(self.series, 1)
        self.sites = QCheckBox()
        self.sites.setToolTip(
            "Each folder names the site of its cases (the tag site:NAME); Quality compares sites. "
            "Don't tick it where folders are named after patients."
        )
        below.addWidget(self.sites)
        for page in (listing, self.refused, self.doubles, holder):
            self._stack.addWidget(page)
        self.tabs.currentChanged.connect(self._stack.setCurrentIndex)
        for name in ("Series", "Not read", "Duplicates", "Identifiers"):
            self.tabs.addTab(name)
        column.addWidget(self._stack, 1)

    def take_focus(self) -> None:
        self.series.setFocus()

    def show_survey(self, survey: Survey) -> None:
        """Show what was found."""
        self._survey = survey
        result = survey.result
        self.values.setChecked(False)
        self.series.blockSignals(True)
        _fill(self.series, [_series_item(line) for line in survey.series[:_SHOWN]])
        self.series.blockSignals(False)
        refused = [_item((r.path.name, r.reason), str(r.path)) for r in result.refused[:_SHOWN]]
        _fill(self.refused, refused or [_item(("Every file was read.", ""))])
        doubles = [
            _item((d.path.name, d.same_as.name if d.same_as else ""), str(d.path))
            for d in result.duplicates[:_SHOWN]
        ]
        _fill(self.doubles, doubles or [_item(("No image is there twice.", ""))])
        self._show_identifiers()
        for number, (name, count) in enumerate(
            (
                ("Series", len(result.series)),
                ("Not read", len(result.refused)),
                ("Duplicates", len(result.duplicates)),
                ("Identifiers", len(survey.identifiers)),
            )
        ):
            self.tabs.setTabText(number, f"{name} · {count:,}")
        self._offer_sites(survey)
        self.tabs.setCurrentIndex(0 if result.series else 1)
        self._count()

    def left_out(self) -> set[str]:
        """Ids of the series that are not ticked."""
        found = set()
        for row in range(self.series.topLevelItemCount()):
            item = self.series.topLevelItem(row)
            if item is not None and item.checkState(0) is Qt.CheckState.Unchecked:
                found.add(str(item.data(0, _ID)))
        return found

    def chosen(self) -> Survey | None:
        """What is to be taken in."""
        out, survey = self.left_out(), self._survey
        if survey is not None and self.sites.isChecked():
            survey = survey.with_sites()
        return survey.without(out) if survey and out else survey

    def _offer_sites(self, survey: Survey) -> None:
        sites = survey.sites
        self.sites.setChecked(False)
        self.sites.setVisible(bool(sites))
        names = [f"{name} ({count:,})" for name, count in sites.most_common(4)]
        more = f" and {len(sites) - 4:,} more" if len(sites) > 4 else ""
        self.sites.setText(f"Folders are sites: {', '.join(names)}{more}")

    def _count(self) -> None:
        survey = self.chosen()
        if survey is None:
            return
        some = bool(survey.result.cases)
        self._mark.show_as("check" if some else "warning", "ok" if some else "warn")
        self.sentence.setText(
            survey.sentence if some else "No image to take in; the project begins empty"
        )
        self._show_warning()

    def _show_warning(self) -> None:
        """How many series are irregular, and what is wrong with the chosen one, in full."""
        survey, item = self.chosen(), self.series.currentItem()
        odd = [s for s in survey.series if s.warnings] if survey else []
        words = "1 series has" if len(odd) == 1 else f"{len(odd):,} series have"
        told = [s for s in odd if item is not None and s.id == item.data(0, _ID)]
        what = f"{told[0].case}: {' '.join(told[0].warnings)}" if told else "See the last column."
        self.warning.setText(f"{words} an irregular geometry. {what}" if odd else "")
        self.warning.setVisible(bool(odd))

    def _show_identifiers(self) -> None:
        if self._survey is None:
            return
        shown = self.values.isChecked()
        self.identifiers.setColumnHidden(2, not shown)
        lines = []
        for line in self._survey.identifiers:
            files = "1 file" if line.files == 1 else f"{line.files:,} files"
            lines.append(_item((line.words, files, line.example if shown else "")))
        _fill(self.identifiers, lines or [_item(("None: no identifying attribute is filled.", ""))])


def _tree(name: str, heads: Sequence[str], widths: Sequence[int]) -> QTreeWidget:
    made = QTreeWidget()
    made.setColumnCount(len(heads))
    made.setHeaderLabels(list(heads))
    made.setRootIsDecorated(False)
    made.setUniformRowHeights(True)
    made.setAccessibleName(name)
    made.setTextElideMode(Qt.TextElideMode.ElideRight)
    made.header().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
    for column, width in enumerate(widths):
        made.header().resizeSection(column, width)
    return made


def _fill(tree: QTreeWidget, items: list[QTreeWidgetItem]) -> None:
    tree.clear()
    tree.addTopLevelItems(items)
    if items:
        tree.setCurrentItem(items[0])


def _item(texts: Sequence[str], tip: str = "") -> QTreeWidgetItem:
    made = QTreeWidgetItem(list(texts))
    made.setSizeHint(0, QSize(0, 28))
    for column, text in enumerate(texts):
        made.setToolTip(column, tip if tip and column == 0 else text)
    return made


def _series_item(line: SeriesFound) -> QTreeWidgetItem:
    trouble = " ".join(line.warnings)
    images = f"{line.images:,}   "
    texts = (line.case, line.modality, line.words, images, line.size, trouble or line.geometry)
    made = _item(texts)
    made.setData(0, _ID, line.id)
    made.setCheckState(0, Qt.CheckState.Checked)
    made.setTextAlignment(3, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    look = theme.current()
    made.setForeground(5, QColor(look.warn if trouble else look.muted))
    return made
