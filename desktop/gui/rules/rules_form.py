"""The form of one rule: its name, what it looks at, what it votes for and when it stays silent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QWidget,
)

from desktop.domain.errors import UserError
from desktop.domain.rule import Rule, RuleTarget
from desktop.gui.widgets.furniture import across, down, inset, label, push

if TYPE_CHECKING:
    from desktop.domain.schema import AnswerValue, Schema
    from desktop.engines.rules.rule_kinds import Field, RuleKind

_SILENT = "Stays silent"


class RuleForm(QWidget):
    """Fields of a rule. ``saved`` carries the rule to be saved, ``left`` that it was given up."""

    saved = Signal(object)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rule: Rule | None = None
        self._kinds: dict[str, RuleKind] = {}
        self._readers: list[tuple[str, str]] = []
        self._schema: Schema | None = None
        self._fields: dict[str, QWidget] = {}
        self._labels: dict[str, QWidget] = {}
        self._top, self._holder = _form(), QWidget()
        self.name, self.kind = QLineEdit(), QComboBox()
        self.votes_for, self.otherwise = QComboBox(), QComboBox()
        self.heading, self.summary = label("", "heading"), label("", "small", wrap=True)
        self.problem, self.sentence = label("", "danger", wrap=True), label("", "muted", wrap=True)
        column = down(self, (16, 12, 16, 12), 8)
        column.addWidget(self.heading)
        column.addWidget(self._make_fields_area(), 1)
        self.problem.hide()
        column.addWidget(self.problem)
        column.addLayout(self._make_foot())

    def _make_fields_area(self) -> QScrollArea:
        area = QScrollArea()
        area.setWidgetResizable(True)
        inside = QWidget()
        sides = across(inside, (0, 0, 8, 0), 32)
        left, right = down(gap=8), down(gap=8)
        self.name.setPlaceholderText("A short name, such as: Report says nodule")
        self.name.setAccessibleName("Name of the rule")
        self.kind.setAccessibleName("What it looks at")
        self.kind.currentIndexChanged.connect(self._kind_changed)
        self.votes_for.setAccessibleName("Votes for")
        self.otherwise.setAccessibleName("Otherwise")
        self._top.addRow(_name("Name"), self.name)
        self._top.addRow(_name("Looks at"), self.kind)
        self._top.addRow(_name("There it votes for"), self.votes_for)
        self._top.addRow(_name("Elsewhere it"), self.otherwise)
        left.addLayout(self._top)
        left.addStretch(1)
        right.addWidget(self.summary)
        right.addWidget(self._holder)
        right.addStretch(1)
        sides.addLayout(left, 4)
        sides.addLayout(right, 5)
        area.setWidget(inside)
        return area

    def _make_foot(self) -> QHBoxLayout:
        foot = across()
        foot.addWidget(self.sentence, 1)
        cancel = push("Cancel", tip="Leave the rule as it was (Esc)")
        cancel.clicked.connect(self.left)
        self.keep = push("Save rule", "primary", tip="Save and run it (Ctrl+Return)")
        self.keep.setShortcut("Ctrl+Return")
        self.keep.clicked.connect(self._save)
        foot.addWidget(cancel)
        foot.addWidget(self.keep)
        return foot

    def edit(
        self,
        rule: Rule | None,
        target: RuleTarget,
        schema: Schema,
        kinds: tuple[RuleKind, ...],
        readers: list[tuple[str, str]],
        new_id: str,
    ) -> None:
        """Show a rule, or an empty one for the target. ``readers``: ids with names."""
        self._schema, self._readers = schema, readers
        self._kinds = {k.name: k for k in kinds if target.level in k.levels}
        self._rule = rule or Rule(id=new_id, name="", target=target, rule_kind="")
        self.heading.setText(f"Rule {rule.name}" if rule else "New rule")
        self.name.setText(self._rule.name)
        self.kind.blockSignals(True)
        self.kind.clear()
        for kind in self._kinds.values():
            self.kind.addItem(kind.title, kind.name)
            self.kind.setItemData(self.kind.count() - 1, kind.summary, Qt.ItemDataRole.ToolTipRole)
        at = max(0, self.kind.findData(self._rule.rule_kind))
        self.kind.setCurrentIndex(at)
        self.kind.blockSignals(False)
        self._fill_votes(target, schema)
        self._make_fields(dict(self._rule.parameters))
        self.problem.hide()
        self.name.setFocus()

    # ------------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Esc leaves the form, not the page."""
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.accept()
            return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def _fill_votes(self, target: RuleTarget, schema: Schema) -> None:
        assert self._rule is not None
        labels = target.labels(schema)
        chosen = {self.votes_for: self._rule.votes_for, self.otherwise: self._rule.otherwise}
        for box, value in chosen.items():
            box.clear()
            if box is self.otherwise:
                box.addItem(_SILENT, "")
            for name in reversed(labels):
                words = target.label_words(schema, name)
                box.addItem(words if box is self.votes_for else f"Votes for {words}", name)
            box.setCurrentIndex(max(0, box.findData(value)))

    def _kind_changed(self) -> None:
        self._make_fields({})

    def _chosen(self) -> RuleKind | None:
        return self._kinds.get(str(self.kind.currentData()))

    def _make_fields(self, values: dict[str, AnswerValue]) -> None:
        """The fields of the chosen kind, filled."""
        kind = self._chosen()
        old = self._holder.layout()
        if old is not None:
            QWidget().setLayout(old)  # takes the old fields with it
        form = _form()
        self._holder.setLayout(form)
        self._fields, self._labels = {}, {}
        self.summary.setText(kind.summary if kind else "")
        for field in kind.fields if kind else ():
            made = self._field(field, values.get(field.name, field.default))
            made.setAccessibleName(field.title)
            made.setToolTip(field.help or field.title)
            named = _name("" if isinstance(made, QCheckBox) else field.title)
            self._fields[field.name], self._labels[field.name] = made, named
            form.addRow(named, made)
        names_label = kind is not None and kind.names_label
        for box in (self.votes_for, self.otherwise):
            self._top.setRowVisible(box, not names_label)
        self._follow()

    def _field(self, field: Field, value: AnswerValue) -> QWidget:
        match field.asks.value:
            case "choice" | "class" | "reader":
                box = QComboBox()
                for key, words in self._choices(field):
                    box.addItem(words, key)
                box.setCurrentIndex(max(0, box.findData(value)))
                box.currentIndexChanged.connect(self._follow)
                return box
            case "number":
                return self._number(field, float(value) if isinstance(value, (int, float)) else 0.0)
            case "yes or no":
                tick = QCheckBox(field.title)
                tick.setChecked(bool(value))
                tick.toggled.connect(self._follow)
                return tick
            case "words":
                lines = QPlainTextEdit("\n".join(value) if isinstance(value, tuple) else "")
                lines.setPlaceholderText("One per line")
                lines.setFixedHeight(74)
                lines.setTabChangesFocus(True)
                lines.textChanged.connect(self._follow)
                return lines
            case _:
                line = QLineEdit(str(value or ""))
                line.textChanged.connect(self._follow)
                return line

    def _number(self, field: Field, value: float) -> QDoubleSpinBox:
        spin = _Number()
        spin.setDecimals(4)
        inset(spin)
        spin.setRange(max(-1e7, field.minimum), min(1e7, field.maximum))
        spin.setValue(value)
        spin.setSuffix(f" {field.unit}" if field.unit else "")
        spin.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        spin.valueChanged.connect(self._follow)
        return spin

    def _choices(self, field: Field) -> list[tuple[str, str]]:
        assert self._schema is not None
        match field.asks.value:
            case "class":
                return [("", "Any class"), *((str(c.id), c.name) for c in self._schema.classes)]
            case "reader":
                return [("", "The most of them"), *self._readers]
            case _:
                return list(field.choices)

    def _values(self) -> dict[str, AnswerValue]:
        """What the fields say."""
        found: dict[str, AnswerValue] = {}
        for name, made in self._fields.items():
            if isinstance(made, QComboBox):
                found[name] = str(made.currentData())
            elif isinstance(made, QDoubleSpinBox):
                found[name] = made.value()
            elif isinstance(made, QCheckBox):
                found[name] = made.isChecked()
            elif isinstance(made, QPlainTextEdit):
                lines = made.toPlainText().splitlines()
                found[name] = tuple(line.strip() for line in lines if line.strip())
            elif isinstance(made, QLineEdit):
                found[name] = made.text().strip()
        return found

    def _follow(self) -> None:
        """Show the fields that matter now, and the sentence the rule makes."""
        kind, values = self._chosen(), self._values()
        if kind is None:
            return
        for field in kind.fields:
            if field.name in self._fields:
                asked = field.is_asked(values)
                self._fields[field.name].setVisible(asked)
                self._labels[field.name].setVisible(asked)
        try:
            from desktop.engines.rules.rule_kinds import completed

            self.sentence.setText(f"Holds where {kind.sentence(completed(kind, values))}.")
        except UserError as error:
            self.sentence.setText(error.title)

    def _save(self) -> None:
        from msgspec.structs import replace

        from desktop.engines.rules.rule_kinds import completed

        kind = self._chosen()
        if kind is None or self._rule is None or self._schema is None:
            return
        own = kind.names_label
        made = replace(
            self._rule,
            name=self.name.text().strip(),
            rule_kind=kind.name,
            parameters=self._values(),
            votes_for="" if own else str(self.votes_for.currentData()),
            otherwise="" if own else str(self.otherwise.currentData()),
        )
        try:
            completed(kind, made.parameters)
            made.check(self._schema)
        except UserError as error:
            self.say(error)
            return
        self.problem.hide()
        self.saved.emit(made)

    def say(self, error: UserError) -> None:
        """Show what does not fit, in the form."""
        self.problem.setText(str(error))
        self.problem.show()


class _Number(QDoubleSpinBox):
    """A number without zeros at its end."""

    def textFromValue(self, value: float) -> str:
        return f"{value:.10g}"


def _name(words: str) -> QLabel:
    """The name of a field, on a line with it."""
    made = label(words)
    made.setMinimumHeight(32)
    return made


def _form() -> QFormLayout:
    made = QFormLayout()
    made.setContentsMargins(0, 0, 0, 0)
    made.setHorizontalSpacing(12)
    made.setVerticalSpacing(8)
    made.setLabelAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    made.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)
    made.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return made
