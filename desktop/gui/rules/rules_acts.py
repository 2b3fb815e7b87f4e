"""What can be done with the chosen rule: tried without, switched, tied to others, changed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from desktop.commands.rule import DeleteRule, SwitchRule, TieRules
from desktop.gui.rules.rules_model import RuleModel
from desktop.gui.widgets.furniture import across, label, push, reset_role

if TYPE_CHECKING:
    from desktop.domain.rule import Rule
    from desktop.workspace.rules.rule_board import WhatIf
    from desktop.workspace.workspace import Workspace

Doer = Callable[[Callable[["Workspace"], object]], bool]


class RuleActs(QWidget):
    """A line of buttons below the matrix. ``do`` runs something on the workspace and says why not.

    ``tried`` carries what would change without the rule, ``changed`` that the rules are others
    now, ``wanted`` the rule to be edited, ``gone`` the rule that was deleted.
    """

    tried = Signal(object)
    changed = Signal()
    wanted = Signal(object)
    gone = Signal(object)

    def __init__(self, model: RuleModel, do: Doer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model, self._do = model, do
        self._row = -1
        self.threshold = 0.8
        row = across(self, gap=6)
        self.words = label("", "muted", wrap=True)
        row.addWidget(self.words, 1)
        self.without = push("What if off?", tip="See what would change without it (Space)")
        self.switch = push("Switch off", tip="Leave the rule out, or take it in again")
        self.tie = push("Same as…", tip="Say which rules say the same, or do not")
        self.edit = push("Edit", tip="Change the rule (Enter)")
        self.delete = push("Delete", "quiet", "trash", "Delete the rule; undo brings it back")
        for button, act in (
            (self.without, self.try_without),
            (self.switch, self._switch),
            (self.tie, self._show_ties),
            (self.edit, lambda: self.wanted.emit(self.rule())),
            (self.delete, self._delete),
        ):
            button.clicked.connect(act)
            row.addWidget(button)

    def rule(self) -> Rule | None:
        """The chosen rule."""
        rules = self._model.rules
        return rules[self._row] if 0 <= self._row < len(rules) else None

    def show_rule(self, row: int) -> None:
        """Another rule is chosen."""
        self._row = row
        rule = self.rule()
        reset_role(self.words, "role", "muted")
        self.words.setText("" if rule is None else f"{rule.name}, version {rule.version}")
        none = "" if rule else "Choose a rule first."
        for button in (self.without, self.switch, self.tie, self.edit, self.delete):
            allow(button, none)
        if rule is None:
            return
        self.switch.setText("Switch off" if rule.enabled else "Switch on")
        if not rule.enabled:
            allow(self.without, "It is off already.")
        elif self._model.place(row) is None:
            allow(self.without, "Run the rules first.")
        if len(self._model.rules) < 2:
            allow(self.tie, "There is only one rule.")

    def try_without(self) -> None:
        """Say what would change without the rule; a rule that is off is switched on."""
        place, board = self._model.place(self._row), self._model.board
        if place is None or board is None:
            if self.rule() is not None and not self.rule().enabled:  # type: ignore[union-attr]
                self._switch()
            return
        found: list[WhatIf] = []
        if self._do(lambda r: found.append(r.rules.what_if_off(board, place, self.threshold))):
            self.words.setText(found[0].sentence)
            reset_role(self.words, "role", "")
            self.tried.emit(found[0])

    def _switch(self) -> None:
        rule = self.rule()
        if rule is not None:
            self._change(lambda r: r.run(SwitchRule(rule_id=rule.id, on=not rule.enabled)))

    def _delete(self) -> None:
        rule = self.rule()
        if rule is not None and self._change(lambda r: r.run(DeleteRule(rule_id=rule.id))):
            self.gone.emit(rule)

    def _show_ties(self) -> None:
        """Rules that say the same as this one: as found, joined or split by a person."""
        rule = self.rule()
        if rule is None:
            return
        menu, alike = QMenu(self), set(self._model.alike(rule))
        for other in self._model.rules:
            if other.id != rule.id:
                same = other.name in alike
                action = menu.addAction(other.name, partial(self._tie, rule, other, not same))
                action.setCheckable(True)
                action.setChecked(same)
        if rule.same_as or rule.not_same_as:
            menu.addSeparator()
            menu.addAction("Let their votes tell", partial(self._untie, rule))
        drop(menu, self.tie)

    def _tie(self, rule: Rule, other: Rule, same: bool) -> None:
        self._change(lambda r: r.run(TieRules(rule_id=rule.id, other_id=other.id, same=same)))

    def _untie(self, rule: Rule) -> None:
        def act(room: Workspace) -> None:
            for other in (*rule.same_as, *rule.not_same_as):
                room.run(TieRules(rule_id=rule.id, other_id=other, same=None))

        self._change(act)

    def _change(self, act: Callable[[Workspace], object]) -> bool:
        done = self._do(act)
        if done:
            self.changed.emit()
        return done


def drop(menu: QMenu, below: QPushButton) -> None:
    """Let a menu hang from a button."""
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.popup(below.mapToGlobal(QPoint(0, below.height())))


def allow(button: QPushButton, why_not: str) -> None:
    """Switch a button on, or off with the reason as its tooltip."""
    plain = button.property("plain_tip")
    if plain is None:
        plain = button.toolTip()
        button.setProperty("plain_tip", plain)
    button.setEnabled(not why_not)
    button.setToolTip(why_not or str(plain))
