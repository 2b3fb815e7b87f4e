"""The label classes, and below them the regions of the case."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QPoint, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QMenu, QScrollArea, QWidget

from desktop.commands.annotation import DeleteAnnotations, LockAnnotation, RelabelAnnotations
from desktop.domain.annotation import Annotation
from desktop.domain.event import Event
from desktop.domain.schema import LabelClass
from desktop.gui.goto import current_frame, go_to_region, pick_class
from desktop.gui.reading.region_book import RegionBook
from desktop.gui.reading.region_list import RegionModel, RegionView
from desktop.gui.shell import Shell
from desktop.gui.widgets.choice_row import ClassRow
from desktop.gui.widgets.furniture import EmptyState, across, clear, down, label, rule
from desktop.gui.widgets.segments import segments
from desktop.interaction.view import ViewState

_MORE_THAN_ROWS = ("case", "calibration")  # these change classes, or the sizes of all rows


class LabelsPanel(QWidget):
    """Pick a class by click or digit; pick a region to go to it."""

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell, self._reading = shell, shell.reading
        self._schema_id = ""
        self._only_here = False
        self._stale = True
        self._rows: dict[int, ClassRow] = {}
        column = down(self, (0, 12, 0, 0), 4)
        column.addLayout(_head("Classes"))
        self._classes_box = QScrollArea()
        self._classes_box.setWidgetResizable(True)
        inside = QWidget()
        self._classes = down(inside, (8, 0, 8, 0), 0)
        self._classes_box.setWidget(inside)
        column.addWidget(self._classes_box)
        self._no_classes = label(
            "This case has no label classes. Its questions are on the form.", "muted", wrap=True
        )
        self._no_classes.setContentsMargins(16, 0, 16, 8)
        column.addWidget(self._no_classes)
        column.addWidget(rule())
        head = across(margins=(16, 8, 12, 0))
        self._count = label("Regions", "section")
        head.addWidget(self._count)
        head.addStretch(1)
        self._scope = QButtonGroup(self)
        head.addWidget(
            segments(
                self._scope,
                ("All", "This image"),
                self._scoped,
                tips=("Regions of the whole case.", "Only regions on the image shown."),
            )
        )
        column.addLayout(head)
        self._book = RegionBook()
        self.model = RegionModel(self._reading, self._book, self)
        self.list = RegionView()
        self.list.setModel(self.model)
        self.list.on_button = self._button
        self.list.selectionModel().selectionChanged.connect(self._chosen)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._menu)
        column.addWidget(self.list, 1)
        self._nothing = EmptyState("tag", "Nothing drawn yet", "")
        column.addWidget(self._nothing, 1)
        self._syncing = False
        self._reading.committed.connect(self._committed)
        self._reading.view_changed.connect(self._viewed)
        shell.theme_changed.connect(self.list.viewport().update)
        self.refresh()

    def refresh(self) -> None:
        """Read classes and regions anew, now or when the panel is next seen."""
        self._stale = not self.isVisible()
        if self._stale:
            return
        room, view = self._reading.workspace, self._reading.view
        self._book.open(room, view.case_id)
        self._show_classes()
        self._show_regions(None)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self.refresh()

    def class_by_key(self, number: int) -> LabelClass | None:
        """The class whose key is this digit."""
        schema = self._reading.schema
        found = [c for c in (schema.classes if schema else ()) if c.key == str(number)]
        return found[0] if found else None

    def _show_regions(self, touched: set[str] | None) -> None:
        here = current_frame(self._reading) if self._only_here else None
        regions = self._book.regions(here)
        self._syncing = True
        others = self.model.show_regions(regions, touched)
        self._syncing = False
        if others:
            self._show_selection()
        total = len(self._book)
        self._count.setText(f"Regions · {total:,}" if total else "Regions")
        self.list.setVisible(bool(regions))
        self._nothing.setVisible(not regions)
        if total:
            self._nothing.say("Nothing on this image", f"{total} elsewhere in this case.")
        elif self._rows:
            self._nothing.say(
                "Nothing drawn yet", "Pick a class and a tool, and draw. Each stroke is saved."
            )
        else:
            self._nothing.say("Nothing drawn yet")

    def _show_classes(self) -> None:
        schema = self._reading.schema
        classes = schema.classes if schema else ()
        schema_id = schema.id if schema else ""
        if schema_id != self._schema_id or len(classes) != len(self._rows):
            self._schema_id = schema_id
            clear(self._classes)
            self._rows = {}
            for depth, item in schema.class_tree() if schema else ():
                row = ClassRow(item.name, item.key, item.color, depth)
                whole = schema.label_class(item.parent).name if schema and item.parent else ""
                part = f", a part of {whole}" if whole else ""
                row.setToolTip(f"{item.name}{part}: draw with this class{_key_words(item.key)}")
                row.clicked.connect(lambda _c=False, i=item.id: self._pick(i))
                self._rows[item.id] = row
                self._classes.addWidget(row)
            self._classes.addStretch(1)
        self._classes_box.setVisible(bool(classes))
        self._classes_box.setFixedHeight(min(9, len(classes)) * 28 + 4)
        self._no_classes.setVisible(not classes)
        self._show_class()

    def _show_class(self) -> None:
        for class_id, row in self._rows.items():
            row.setChecked(class_id == self._reading.view.class_id)

    def _pick(self, class_id: int) -> None:
        pick_class(self._reading, class_id)
        self._show_class()

    def _scoped(self, number: int) -> None:
        self._only_here = number == 1
        self._show_regions(None)

    def _chosen(self, *_ranges: object) -> None:
        if self._syncing:
            return
        rows = sorted(i.row() for i in self.list.selectionModel().selectedIndexes())
        ids = tuple(self.model.region(r).id for r in rows)
        if len(ids) == 1:
            go_to_region(self._reading, self.model.region(rows[0]))
        else:
            self._reading.replace(selection=ids)

    def _show_selection(self) -> None:
        self._syncing = True
        picked = self.list.selectionModel()
        picked.clearSelection()
        for annotation_id in self._reading.view.selection:
            row = self.model.row_of(annotation_id)
            if row >= 0:
                index = self.model.index(row)
                picked.select(index, QItemSelectionModel.SelectionFlag.Select)
                self.list.scrollTo(index)
        self._syncing = False

    def _button(self, what: str, region: Annotation) -> None:
        if what == "lock":
            self._reading.run(
                LockAnnotation(
                    case_id=region.case_id, annotation_id=region.id, locked=not region.locked
                )
            )
        else:
            self._reading.run(
                DeleteAnnotations(case_id=region.case_id, annotation_ids=(region.id,))
            )

    def _menu(self, at: QPoint) -> None:
        ids, case_id = self._reading.view.selection, self._reading.view.case_id
        schema = self._reading.schema
        if not ids or schema is None:
            return
        menu = QMenu(self)
        for item in schema.classes:
            action = menu.addAction(f"Relabel as {item.name}")
            action.triggered.connect(
                lambda _c=False, i=item.id: self._reading.run(
                    RelabelAnnotations(case_id=case_id, annotation_ids=ids, class_id=i)
                )
            )
        menu.popup(self.list.viewport().mapToGlobal(at))

    def _committed(self, event: Event) -> None:
        if not event.case_id:
            self.refresh()  # images or schemas came, or another schema was chosen
        elif event.case_id == self._reading.view.case_id:
            if not self.isVisible() or any(c.kind in _MORE_THAN_ROWS for c in event.changes):
                self.refresh()
            elif touched := self._book.take(event):
                self._show_regions(touched)

    def _viewed(self, old: ViewState, new: ViewState) -> None:
        here = self._only_here and (old.index, old.series_id) != (new.index, new.series_id)
        if old.case_id != new.case_id or self._stale:
            self.refresh()
        elif here:
            self._show_regions(None)
        elif old.selection != new.selection:
            self._show_selection()
        if old.class_id != new.class_id:
            self._show_class()


def _head(text: str) -> QHBoxLayout:
    row = across(margins=(16, 0, 16, 0))
    row.addWidget(label(text, "section"))
    row.addStretch(1)
    return row


def _key_words(key: str) -> str:
    return f" (key {key})" if key else ""
