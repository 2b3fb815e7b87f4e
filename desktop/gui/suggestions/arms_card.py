"""The three arms of reading with and without help: their shares, set by the lead."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QFrame, QSpinBox, QWidget

from desktop.domain.errors import UserError
from desktop.domain.help_study import Arm
from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import across, down, inset, label, push

_LINES = {
    Arm.NONE: "Suggestions are never shown: the control.",
    Arm.BLIND: "The reader answers and locks; then suggestions are shown. Measures who is misled.",
    Arm.FIRST: "Suggestions are shown from the start.",
}


class ArmsCard(QFrame):
    """Every case and reader fall into one arm by chance; the same on every machine."""

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self._shell, self._reading = shell, shell.reading
        column = down(self, (20, 14, 20, 14), 8)
        column.addWidget(label("Reading with and without help", "heading"))
        self.state = label(role="muted", wrap=True)
        column.addWidget(self.state)
        self.shares: dict[Arm, QSpinBox] = {}
        for arm in Arm:
            row = across(gap=8)
            box = QSpinBox()
            inset(box)
            box.setRange(0, 100)
            box.setSuffix(" %")
            box.setFixedWidth(84)
            box.setAccessibleName(f"Share of {arm.value}")
            box.setToolTip(f"Percent of cases: {arm.value}.")
            box.valueChanged.connect(self._summed)
            self.shares[arm] = box
            row.addWidget(box)
            name = label(arm.value.capitalize())
            name.setFixedWidth(150)
            row.addWidget(name)
            row.addWidget(label(_LINES[arm], "muted", wrap=True), 1)
            column.addLayout(row)
        foot = across(gap=8)
        self.total = label(role="muted")
        foot.addWidget(self.total)
        foot.addStretch(1)
        self.new = push("Begin a new study", tip="Draws the arm of every case and reader anew.")
        self.new.clicked.connect(lambda: self._set(new_study=True))
        self.go = push("Set shares", "primary", tip="Holds from now on for all readers.")
        self.go.clicked.connect(lambda: self._set(new_study=False))
        foot.addWidget(self.new)
        foot.addWidget(self.go)
        column.addLayout(foot)

    def refresh(self) -> None:
        """Show what holds now."""
        room = self._reading.workspace
        plan = room.help.plan if room is not None else None
        wanted = plan.shares if plan else (0, 0, 100)
        for arm, share in zip(Arm, wanted, strict=True):
            with QSignalBlocker(self.shares[arm]):
                self.shares[arm].setValue(share)
        self.state.setText(
            "A study is going on." if plan else "No study: suggestions are shown to everybody."
        )
        self.new.setVisible(plan is not None)
        self._summed()

    def _summed(self) -> None:
        total = sum(box.value() for box in self.shares.values())
        self.total.setText("" if total == 100 else f"The shares add up to {total} %, not 100 %.")
        self.go.setEnabled(total == 100)
        self.new.setEnabled(total == 100)

    def _set(self, *, new_study: bool) -> None:
        room = self._reading.workspace
        if room is None:
            return
        none, blind, first = (self.shares[arm].value() for arm in Arm)
        try:
            room.help.set_plan(none, blind, first, new_study=new_study)
        except UserError as error:
            self._shell.say_error(error)
            return
        self.refresh()
        self._shell.say("The shares hold from now on", "", "ok")
