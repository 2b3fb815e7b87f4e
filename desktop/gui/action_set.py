"""The registry of acts as actions of one window: menus, buttons, tooltips, why an act is off."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QToolButton, QWidget

from desktop.gui.actions import ACTS, Act, key_text
from desktop.gui.widgets import icons

MENUS = ("File", "Edit", "View", "Image", "Tools", "Case", "Go", "Help")
WHY_OFF = {
    "project": "Open a project first.",
    "case": "Open a case first.",
    "series": "Open a case with images first.",
    "selection": "Select a region first.",
    "suggestion": "Choose a suggestion first (S).",
    "prediction": "Predict from scribbles first (J).",
}


class ActionSet(QObject):
    """The registry as QActions of one window."""

    def __init__(self, window: QWidget, image: QWidget, handlers: Sequence[object]) -> None:
        super().__init__(window)
        self._actions: dict[str, QAction] = {}
        self._acts = {act.id: act for act in ACTS}
        self._groups: dict[str, QActionGroup] = {}
        self._known: frozenset[str] = frozenset()
        for act in ACTS:
            self._actions[act.id] = self._make(act, image if act.on_image else window, handlers)

    def __getitem__(self, act_id: str) -> QAction:
        return self._actions[act_id]

    def act(self, act_id: str) -> Act:
        return self._acts[act_id]

    def refresh(self, has: frozenset[str]) -> None:
        """Switch acts on and off by what there is ("project", "case", ...), and say why."""
        self._known = has
        for act in ACTS:
            action = self._actions[act.id]
            enabled = not act.needs or act.needs in has
            action.setEnabled(enabled)
            action.setToolTip(tooltip(act, "" if enabled else WHY_OFF[act.needs]))

    def retitle(self, act_id: str, title: str, why_off: str = "") -> None:
        """Another title, as undo takes it from the last act; ``why_off`` switches it off."""
        action, act = self._actions[act_id], self._acts[act_id]
        action.setText(title)
        on = not why_off and (not act.needs or act.needs in self._known)
        action.setEnabled(on)
        action.setToolTip(tooltip(act, why_off, title))

    def button(self, act_id: str, parent: QWidget | None = None, text: bool = False) -> QToolButton:
        """A button for an act, never taking the focus from the image by a click."""
        button = QToolButton(parent)
        button.setDefaultAction(self._actions[act_id])
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if text:
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setAccessibleName(self._acts[act_id].title)
        return button

    def fill(self, bar: QMenuBar) -> None:
        """Menus by group, in the order of the registry."""
        for group in MENUS:
            menu = QMenu(group, bar)
            menu.setToolTipsVisible(True)
            for act in ACTS:
                if act.group == group and act.menu:
                    menu.addAction(self._actions[act.id])
            bar.addMenu(menu)

    def _make(self, act: Act, owner: QWidget, handlers: Sequence[object]) -> QAction:
        action = QAction(act.title, self)
        action.setObjectName(act.id)
        action.setShortcuts([QKeySequence(key) for key in act.keys])
        action.setShortcutContext(
            Qt.ShortcutContext.WidgetWithChildrenShortcut
            if act.on_image
            else Qt.ShortcutContext.WindowShortcut
        )
        action.setCheckable(act.checkable)
        action.setToolTip(tooltip(act))
        action.setMenuRole(QAction.MenuRole.NoRole)
        if act.icon:
            icons.bind(action, act.icon)
        if act.exclusive:
            group = self._groups.setdefault(act.exclusive, QActionGroup(self))
            group.setExclusionPolicy(QActionGroup.ExclusionPolicy.ExclusiveOptional)
            group.addAction(action)
        method = _method(act, handlers)
        if act.argument is None:
            action.triggered.connect(lambda _checked=False, m=method: m())
        else:
            action.triggered.connect(lambda _checked=False, m=method, a=act.argument: m(a))
        owner.addAction(action)
        return action


def _method(act: Act, handlers: Sequence[object]) -> Callable[..., None]:
    for handler in handlers:
        found: Callable[..., None] | None = getattr(handler, act.handler, None)
        if found is not None:
            return found
    raise AttributeError(f"nobody does {act.id}: {act.handler}")


def tooltip(act: Act, why_off: str = "", title: str = "") -> str:
    """Name, key, one line; and why it is switched off."""
    head = f"<b>{html.escape((title or act.title).rstrip('…'))}</b>"
    if act.keys:
        head += f" &nbsp;{html.escape(key_text(act.keys[0]))}"
    off = f"<br><i>{html.escape(why_off)}</i>" if why_off else ""
    return f"<p style='white-space:pre'>{head}<br>{html.escape(act.line)}{off}</p>"
