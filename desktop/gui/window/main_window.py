"""The window: title strip, rail, pages, bottom line. It wires them and keeps no work itself."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, QRect, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QMainWindow, QStackedWidget, QWidget

from desktop.domain.errors import StoreProblem, UserError
from desktop.domain.event import Event
from desktop.gui.action_set import ActionSet
from desktop.gui.bugs import BugWatch
from desktop.gui.exchange.exchange_page import ExchangePage
from desktop.gui.pages import BY_NAME
from desktop.gui.projects.import_page import ImportPage
from desktop.gui.projects.project_page import NewProject, PassphrasePage
from desktop.gui.projects.projects import Post, Projects
from desktop.gui.projects.start_page import StartPage, dropped_paths
from desktop.gui.reading.patch_acts import PatchActs
from desktop.gui.reading.pixel_acts import PixelActs
from desktop.gui.reading.reading_acts import ReadingActs
from desktop.gui.reading.reading_page import ReadingPage, canvas_for
from desktop.gui.shell import Shell
from desktop.gui.suggestions.suggestion_acts import SuggestionActs
from desktop.gui.team.worklist_page import WorklistPage
from desktop.gui.widgets import icons
from desktop.gui.widgets.furniture import across, down
from desktop.gui.window import window_layout
from desktop.gui.window.attendance import Attendance
from desktop.gui.window.bottom_strip import BottomStrip
from desktop.gui.window.check_page import CheckPage
from desktop.gui.window.key_overlay import KeyOverlay
from desktop.gui.window.notices import NoticeCard, NotSavedBar
from desktop.gui.window.rail import Rail
from desktop.gui.window.settings_page import SettingsPage
from desktop.gui.window.title_strip import TitleStrip
from desktop.gui.window.window_acts import WindowActs
from desktop.gui.window.window_signs import WindowSigns
from desktop.interaction.view import ViewState

if TYPE_CHECKING:
    from desktop.gui.projects.new_project_page import NewProjectPage

MakeCanvas = Callable[[Any], QWidget]


class MainWindow(QMainWindow):
    """One window, one project. ``make_canvas`` is called after the first paint."""

    def __init__(
        self, shell: Shell, post: Post | None = None, make_canvas: MakeCanvas | None = None
    ) -> None:
        super().__init__()
        self.shell, self._reading = shell, shell.reading
        self._make_canvas = make_canvas or canvas_for
        self._stood: dict[QWidget, bool] = {}  # parts that stand aside while the image is alone
        self.is_image_only = self._hears_screens = self._offering = False
        self.page = "start"
        self.bugs: BugWatch | None = None
        self.setWindowTitle("Reading Room")
        self.setMinimumSize(1024, 640)
        self.setAcceptDrops(True)
        self.projects = Projects(shell, post, self)
        self.acts = ReadingActs(shell)
        self._window_acts = WindowActs(self)
        self.signs = WindowSigns(self)
        image = QWidget()
        self.attendance = Attendance(self)
        self.suggestion_acts = SuggestionActs(shell)
        self.acts.stop_unlocked = self.suggestion_acts.stop_unlocked
        self.pixel_acts = pixels = PixelActs(shell, self)
        self.patch_acts = patches = PatchActs(shell, pixels, self)
        own = (self.acts, self._window_acts, self.attendance, self.suggestion_acts)
        handlers = (*own, pixels, patches)
        self.actions_ = ActionSet(self, image, handlers)
        self._build(image)
        self.attendance.wire()
        self._listen()
        self.resize(1440, 900)
        window_layout.restore(self, self.reading_page)
        self._dressed()
        self.signs.refresh_title()
        self.show_page("start")

    # building ------------------------------------------------------------------------------

    def _build(self, image: QWidget) -> None:
        centre = QWidget()
        column = down(centre, gap=0)
        self.title = TitleStrip(self.shell, self.actions_)
        self.not_saved = NotSavedBar()
        self.rail = Rail(self.actions_)
        self.pages = QStackedWidget()
        self.bottom = BottomStrip(self.shell, self.actions_)
        # From the outside in: Qt restyles a whole tree each time that it gets another parent.
        self.setCentralWidget(centre)
        column.addWidget(self.title)
        column.addWidget(self.not_saved)
        middle = across(gap=0)
        column.addLayout(middle, 1)
        middle.addWidget(self.rail)
        middle.addWidget(self.pages, 1)
        column.addWidget(self.bottom)
        self.reading_page = ReadingPage(
            self.shell, self.actions_, image, self.suggestion_acts, self.pages
        )
        self.acts.page = self.suggestion_acts.page = self.pixel_acts.page = self.reading_page
        self.patch_acts.page = self.reading_page
        self.start_page = StartPage(self.shell, self._window_acts.ways(), self.pages)
        self.passphrase_page = PassphrasePage()
        self.worklist_page = WorklistPage(self.shell, self._window_acts.open_images, self.pages)
        self.exchange_page = ExchangePage(self.shell, self._window_acts.verify_bundle, self.pages)
        self.import_page = ImportPage(self.shell, self.pages)
        self.check_page = CheckPage(self.shell, self.projects.jobs, self.pages)
        self.settings_page = SettingsPage(self.shell, self.pages)
        self._pages: dict[str, QWidget] = {
            "start": self.start_page,
            "passphrase": self.passphrase_page,
            "read": self.reading_page,
            "worklist": self.worklist_page,
            "exchange": self.exchange_page,
            "import": self.import_page,
            "check": self.check_page,
            "settings": self.settings_page,
        }
        for page in self._pages.values():
            self.pages.addWidget(page)
        self.notice = NoticeCard(self.pages, self._room_for_notices)
        self.keys_overlay = KeyOverlay(centre)

    def _room_for_notices(self) -> QRect:
        """Beside the image a notice keeps off the panel, where the hand goes next."""
        if self.page != "read":
            return self.pages.rect()
        image = self.reading_page.image
        return QRect(image.mapTo(self.pages, QPoint()), image.size())

    def _listen(self) -> None:
        reading = self._reading
        reading.opened.connect(self._opened)
        reading.committed.connect(self._committed)
        reading.view_changed.connect(self._viewed)
        reading.failed.connect(self._failed)
        self.shell.noticed.connect(self.notice.show_notice)
        self.shell.hinted.connect(self.bottom.say_for_a_moment)
        self.shell.tool_shown.connect(self.signs.refresh_actions)
        self.pixel_acts.changed.connect(self.signs.refresh_actions)
        self.patch_acts.changed.connect(self.signs.refresh_actions)
        self.shell.page_wanted.connect(self.show_page)
        self.shell.theme_changed.connect(self._dressed)
        self.projects.ready.connect(self._ready)
        self.projects.passphrase_wanted.connect(self._ask_passphrase)
        self.passphrase_page.left.connect(lambda: self.show_page("start"))
        self.passphrase_page.given.connect(
            lambda path, phrase: self.projects.open(path, self.reader_name(), phrase)
        )
        self.worklist_page.chosen.connect(self._window_acts.open_case)
        for page in (self.worklist_page, self.settings_page):
            page.schemas_wanted.connect(lambda: self.show_page("schema"))
        self.import_page.finished.connect(self._window_acts.open_case)
        self.import_page.found_again.connect(self.reading_page.look_again)
        self.import_page.wanted.connect(lambda: self.show_page("import"))
        self.exchange_page.wanted.connect(lambda: self.show_page("exchange"))
        self.check_page.shown.connect(lambda: self.show_page("check"))
        self.check_page.left.connect(self._go_home)
        self.settings_page.left.connect(self._go_home)
        form = self.reading_page.panel.form
        form.swapping.connect(self.reading_page.focus_image)
        form.schema_wanted.connect(self._window_acts.choose_schema)
        form.footer.skipped.connect(self.acts.after_closing)

    # pages ---------------------------------------------------------------------------------

    def add_page(self, name: str, page: QWidget) -> None:
        """Another page, shown by its name."""
        self._pages[name] = page
        self.pages.addWidget(page)

    def show_page(self, name: str) -> None:
        """Show a page of the window; pages of a project only while one is open."""
        is_open = self._reading.workspace is not None
        if not is_open and (name in BY_NAME or name == "import"):
            name = "start"
        if self._refused(name):
            return
        if self.page == "read" and name != "read":
            self.reading_page.panel.form.keep_typing()
            self.reading_page.bar.stop()
        if name != self.page:
            self.notice.hide()
        self.page = name
        if name == "start":
            self.start_page.refresh()
        if name != "read" and self.is_image_only:
            self.show_image_only(False)
        page: Any = self._pages.get(name) or self._made(name)
        self.pages.setCurrentWidget(page)
        self.rail.setVisible(is_open and not self.is_image_only)
        self.bottom.setVisible(is_open and not self.is_image_only)
        self.bottom.show_reading(name == "read")
        self.signs.refresh_actions()
        if hasattr(page, "take_focus"):
            page.take_focus()

    def _refused(self, name: str) -> bool:
        """Say why where the reader's role does not see a page."""
        room = self._reading.workspace
        why = BY_NAME[name].why_not(room.reader.role) if room and name in BY_NAME else ""
        if why:
            self.shell.say("This page is not yours", why, "warn")
        return bool(why)

    @functools.cached_property
    def new_project_page(self) -> NewProjectPage:
        """The steps of a new project; made when they are wanted, because they hold an editor."""
        from desktop.gui.projects.new_project_page import NewProjectPage

        page = NewProjectPage(self.projects.jobs)
        page.created.connect(self._window_acts.create)
        page.left.connect(self._go_home)
        self.add_page("new", page)
        return page

    def _made(self, name: str) -> QWidget:
        """A page of the registry, made at its first show."""
        if name == "new":
            return self.new_project_page
        page = BY_NAME[name].make(self.shell)
        page.chosen.connect(self._window_acts.open_case)
        page.left.connect(self._go_home)
        self.add_page(name, page)
        return page

    def show_image_only(self, on: bool) -> None:
        """Everything but the image steps aside, or comes back as it was."""
        page = self.reading_page
        if on and self.page != "read":
            self.show_page("read")
        parts = (self.title, self.rail, self.bottom, page.tools, page.bar, page.panel, page.strip)
        self._stood = window_layout.set_aside(parts, on, self._stood)
        self.is_image_only = on
        self.signs.refresh_actions()
        page.focus_image()

    # acts that pages share -----------------------------------------------------------------

    def reader_name(self) -> str:
        """Who reads; asked on the start page where it isn't known."""
        known = str(self.shell.settings.get("reader_name"))
        if self.page == "start" or not known:
            self.show_page("start")
            return self.start_page.reader_name()
        return known

    def ask_new_project(self, images: list[Path]) -> None:
        self.show_page("new")
        self.new_project_page.start(images)

    def import_images(self, paths: list[Path], wanted: NewProject | None = None) -> None:
        """Read files and folders into the open project."""
        if self.import_page.is_running:
            self.shell.say("Images are being read in already", "Wait for them or cancel.", "warn")
            return
        self.show_page("import")
        self.import_page.start(paths, wanted.schema if wanted else None)

    def open_paths(self, paths: list[Path]) -> None:
        """A project to open or images to read in."""
        self._window_acts.open_paths(paths)

    # what is heard -------------------------------------------------------------------------

    def _opened(self, room: object) -> None:
        self.not_saved.hide()
        self.notice.hide()
        self.signs.refresh_title()
        self.show_page("read" if room is not None else "start")

    def _ready(self, wanted: NewProject | None) -> None:
        if wanted is not None and wanted.images:
            self.import_images(list(wanted.images), wanted)
            return
        self.show_page("read")

    def _committed(self, event: Event) -> None:
        self.not_saved.hide()
        if self._offering and event.case_id:
            self._offering = False  # the stroke was taken up, or the reader went on without it
            self.notice.hide()
        if event.case_id:
            self.notice.leave_case()  # it was taken up
        self.title.show_saved()
        if not event.case_id or any(c.kind == "assignment" for c in event.changes):
            self.signs.refresh_title()
        self.signs.refresh_undo()

    def _viewed(self, old: ViewState, new: ViewState) -> None:
        if old.case_id != new.case_id:
            self.notice.leave_case()
            self.signs.refresh_title()
        keys = ("case_id", "series_id", "selection", "suggestion", "tool", "overlays_visible",
                "outlines_only")  # fmt: skip
        if any(getattr(old, k) != getattr(new, k) for k in keys):
            self.signs.refresh_actions()

    def _failed(self, error: UserError) -> None:
        room = self._reading.workspace
        if isinstance(error, StoreProblem):
            self.not_saved.show_problem(error, room.last_saved if room else "")
            self.title.show_not_saved()
        else:
            self.shell.say_error(error)

    def _ask_passphrase(self, path: Path, trouble: str) -> None:
        self.passphrase_page.start(path, trouble)
        self.show_page("passphrase")
        self.passphrase_page.phrase.setFocus()

    def _go_home(self) -> None:
        self.show_page("read" if self._reading.workspace else "start")

    def _dressed(self) -> None:
        light = self.shell.settings.get("theme") == "light"
        icons.bind(self.actions_["view.theme"], "moon" if light else "sun")
        self.update()

    # events --------------------------------------------------------------------------------

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        QTimer.singleShot(0, self.load_canvas)
        handle = self.windowHandle()
        if handle is not None and not self._hears_screens:
            self._hears_screens = True
            handle.screenChanged.connect(lambda _screen: icons.retint())

    def load_canvas(self) -> None:
        """Bring in the canvas once; it loads the image library."""
        if self.reading_page.canvas is not None:
            return
        self.reading_page.take_canvas(lambda: self._make_canvas(self._reading))
        canvas: Any = self.reading_page.canvas
        canvas.pointer_info.connect(self._pointed)
        canvas.hint.connect(self.bottom.say_hint)
        canvas.recovery_offered.connect(self._offer_recovery)

    def _pointed(self, text: str) -> None:
        """The canvas says this with each image, too, so the window numbers follow it."""
        self.bottom.pointer.setText(text)
        self.reading_page.bar.show_window_in_use(self.reading_page.canvas.window_in_use)

    def _offer_recovery(self, sentence: str) -> None:
        canvas = self.reading_page.canvas
        self._offering = True
        self.shell.say(
            "An unfinished stroke was kept",
            sentence,
            "warn",
            "Take it up again",
            canvas.recover_gesture,
        )

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = dropped_paths(event)
        if paths:
            event.acceptProposedAction()
            self._window_acts.open_paths(paths)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.reading_page.panel.form.keep_typing()
        if self.reading_page.canvas is not None:
            self.reading_page.canvas.finish_gesture()
        if self.is_image_only:
            self.show_image_only(False)
        window_layout.keep(self, self.reading_page)
        self.projects.close_jobs()
        self._reading.open(None)
        super().closeEvent(event)
