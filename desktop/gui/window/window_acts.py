"""What keys, menus and buttons do to the window: pages, projects, look, help."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu

from desktop.domain.errors import UserError
from desktop.domain.schema import Schema
from desktop.gui.goto import open_case
from desktop.gui.projects.places_of_projects import SUFFIX, projects_folder
from desktop.gui.projects.project_page import NewProject
from desktop.gui.projects.start_page import Ways
from desktop.gui.schema.schema_choice import (
    cases_without_schema,
    read_schema,
    shipped_schemas,
    use_schema,
)
from desktop.version import __version__

if TYPE_CHECKING:
    from desktop.gui.team.gold_card import GoldCard
    from desktop.gui.window.main_window import MainWindow


class WindowActs:
    """Handlers of the registry that belong to the window; also the ways of the start page."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._shell = window.shell
        self._reading = window.shell.reading
        self._gold_card: GoldCard | None = None

    def make_gold(self) -> None:
        """Ask under which words the open case becomes gold."""
        if self._gold_card is None:
            from desktop.gui.team.gold_card import GoldCard

            self._gold_card = GoldCard(self._window, self._shell)
        self._gold_card.ask(self._reading.view.case_id)

    # projects ------------------------------------------------------------------------------

    def open_images(self) -> None:
        """Ask for a folder or for files: systems have no dialog for both."""
        menu = QMenu(self._window)
        menu.addAction("A folder…").triggered.connect(lambda _c=False: self._ask_folder())
        menu.addAction("Files…").triggered.connect(lambda _c=False: self._ask_files())
        menu.popup(self._below_button())

    def open_paths(self, paths: list[Path]) -> None:
        """Files dropped or chosen: a project file opens, bundles go to the merge, everything else
        is read in."""
        projects = [p for p in paths if p.suffix == SUFFIX]
        bundles = _bundles_among(paths) if self._reading.workspace else []
        if projects:
            self.open_path(projects[0])
        elif bundles:
            self._window.show_page("exchange")
            self._window.exchange_page.take(bundles)
        elif self._reading.workspace is not None:
            self._window.import_images(paths)
        elif self._window.reader_name():
            self._window.ask_new_project(paths)

    def open_project(self) -> None:
        path, _kind = QFileDialog.getOpenFileName(
            self._window, "Open project", str(projects_folder()), f"Projects (*{SUFFIX})"
        )
        if path:
            self.open_path(Path(path))

    def open_path(self, path: Path) -> None:
        name = self._window.reader_name()
        if name:
            self._window.projects.open(path, name)

    def new_project(self) -> None:
        if self._window.reader_name():
            self._window.ask_new_project([])

    def create(self, wanted: NewProject) -> None:
        """Make the project that the page describes."""
        name = self._window.reader_name()
        if not name:
            return
        try:
            self._window.projects.create(wanted, name)
        except (UserError, OSError) as error:
            words = str(error) if isinstance(error, UserError) else "The folder can't be written."
            self._window.new_project_page.say(words)
            return
        if wanted.survey is not None:
            self._shell.say(f"{wanted.title} is ready", f"{wanted.survey.sentence}.", "ok")
        if wanted.then_readers:
            self._window.actions_["page.readers"].trigger()

    def try_demo(self) -> None:
        name = self._window.reader_name()
        if name:
            self._window.projects.open_demo(name)

    def close_project(self) -> None:
        self._window.reading_page.panel.form.keep_typing()
        self._window.projects.close()

    def add_schema(self) -> None:
        """Read a schema file; cases that wait for one are read with it."""
        room = self._reading.workspace
        path, _kind = QFileDialog.getOpenFileName(
            self._window, "Choose a schema", "", "Schema (*.json)"
        )
        if not path or room is None:
            return
        try:
            schema = read_schema(Path(path))
            waiting = cases_without_schema(room)
            use_schema(room, schema, waiting)
        except UserError as error:
            self._shell.say_error(error)
            return
        cases = f"{len(waiting):,} cases are read with it." if waiting else ""
        self._shell.say(f"{schema.title}, version {schema.version}, added", cases, "ok")

    def choose_schema(self) -> None:
        """Offer schemas for the cases that have none, below the button pressed."""
        room = self._reading.workspace
        if room is None:
            return
        menu = QMenu(self._window)
        for schema in room.schemas():
            menu.addAction(f"{schema.title}, version {schema.version}").triggered.connect(
                lambda _c=False, s=schema: self._use(s)
            )
        menu.addSeparator()
        for shipped in shipped_schemas():
            menu.addAction(shipped.title).triggered.connect(
                lambda _c=False, p=shipped.path: self._use(read_schema(p))
            )
        menu.addSeparator()
        menu.addAction("From a file…").triggered.connect(lambda _c=False: self.add_schema())
        menu.popup(self._below_button())

    def _use(self, schema: Schema) -> None:
        room, view = self._reading.workspace, self._reading.view
        if room is None:
            return
        try:
            use_schema(room, schema, cases_without_schema(room))
        except UserError as error:
            self._shell.say_error(error)
            return
        if schema.classes and view.class_id == 0:
            self._reading.replace(class_id=schema.classes[0].id)

    def verify_log(self) -> None:
        room = self._reading.workspace
        if room is not None:
            self._window.check_page.check_log()

    def verify_bundle(self) -> None:
        path, _kind = QFileDialog.getOpenFileName(
            self._window,
            "Choose a bundle's manifest or single file",
            "",
            "Bundles (*.zip manifest*);;All files (*)",
        )
        if path:
            self._window.check_page.check_bundle(Path(path))

    def quit(self) -> None:
        self._window.close()

    def _below_button(self) -> QPoint:
        """Where a menu opens: below the button just pressed, else in the window's middle."""
        pressed = QApplication.focusWidget()
        if pressed is not None and pressed.underMouse():
            return pressed.mapToGlobal(QPoint(0, pressed.height() + 2))
        return self._window.mapToGlobal(self._window.rect().center())

    def _ask_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self._window, "Folder with images or DICOM")
        if folder:
            self.open_paths([Path(folder)])

    def _ask_files(self) -> None:
        paths, _kind = QFileDialog.getOpenFileNames(self._window, "Images or DICOM files")
        if paths:
            self.open_paths([Path(p) for p in paths])

    def find_images(self) -> None:
        """Ask where the files of missing images lie now."""
        folder = QFileDialog.getExistingDirectory(self._window, "Folder where the images are now")
        if folder:
            self.find_images_in(Path(folder))

    def find_images_in(self, folder: Path) -> None:
        """Look for missing images in the background; the open one is shown once it is found."""
        room = self._reading.workspace
        if room is None:
            return
        try:
            room.start_relocate(folder, self._found_again, self._shell.say_error)
        except UserError as error:
            self._shell.say_error(error)

    def _found_again(self, count: int) -> None:
        if not count:
            words = "Images are known by their content: a copy that was changed is another image."
            self._shell.say("No missing image is in that folder", words, "warn")
            return
        images = "1 image" if count == 1 else f"{count:,} images"
        self._shell.say(f"{images} found again", "From now on they are read from there.", "ok")
        self._window.reading_page.look_again()

    def ways(self) -> Ways:
        """The ways that the start page offers."""
        ways = Ways()
        ways.open_images, ways.open_paths = self.open_images, self.open_paths
        ways.open_project, ways.open_path = self.open_project, self.open_path
        ways.new_project, ways.try_demo = self.new_project, self.try_demo
        ways.verify_bundle = self.verify_bundle
        return ways

    # pages ---------------------------------------------------------------------------------

    def show_page(self, name: str) -> None:
        self._window.show_page(name)

    def find_case(self) -> None:
        self._window.show_page("worklist")
        self._window.worklist_page.focus_search()

    def open_case(self, case_id: str) -> None:
        """Read a case picked from a list."""
        if case_id:
            open_case(self._reading, case_id)
            self._window.show_page("read")
        else:
            self._window.show_page("worklist")

    def step_back(self) -> None:
        """Esc: one step back, from the nearest thing to the farthest."""
        window, view = self._window, self._reading.view
        page = window.reading_page
        focused = QApplication.focusWidget()
        if window.keys_overlay.isVisible():
            window.keys_overlay.hide()
            page.focus_image()
        elif window.notice.isVisible() and window.page != "read":
            window.notice.hide()
        elif window.page == "new" and window.new_project_page.back():
            return
        elif window.page != "read":
            window.show_page("read" if self._reading.workspace else "start")
        elif page.panel.form.footer.close_reason() or focused not in (None, page.canvas):
            page.focus_image()
        elif page.canvas is not None and page.canvas.cancel_gesture():
            return
        elif view.suggestion:
            self._reading.replace(suggestion="")
        elif view.selection:
            self._reading.replace(selection=())
        elif window.notice.isVisible():
            window.notice.hide()
        elif window.is_image_only:
            self.toggle_image_only()

    # look ----------------------------------------------------------------------------------

    def toggle_image_only(self) -> None:
        self._window.show_image_only(not self._window.is_image_only)

    def toggle_panel(self) -> None:
        panel = self._window.reading_page.panel
        panel.setVisible(panel.isHidden())
        self._window.signs.refresh_actions()

    def toggle_strip(self) -> None:
        strip = self._window.reading_page.strip
        strip.setVisible(strip.isHidden())
        self._window.signs.refresh_actions()

    def toggle_theme(self) -> None:
        light = self._shell.settings.get("theme") == "light"
        self._shell.wear("dark" if light else "light")

    # help ----------------------------------------------------------------------------------

    def show_help(self) -> None:
        """The guidelines; while a question has the keyboard, what they say about it."""
        if self._window.page != "read":
            self._window.show_page("read")
        panel = self._window.reading_page.panel
        panel.show()
        box = panel.form.focused_box()
        if box is not None and panel.tab == "Form":
            panel.explain(box.question.id)
            return
        focused, image = QApplication.focusWidget(), self._window.reading_page.image
        panel.show_tab("Form" if panel.tab == "Help" else "Help")
        if panel.tab == "Help" and focused is not None and not image.isAncestorOf(focused):
            panel.help.page.setFocus()  # so that arrows scroll it
        self._window.signs.refresh_actions()

    def show_keys(self) -> None:
        overlay = self._window.keys_overlay
        if overlay.isVisible():
            overlay.hide()
        else:
            overlay.open()

    def show_about(self) -> None:
        self._shell.say(
            f"Reading Room {__version__}",
            "Offline annotation workstation. Nothing leaves this machine unless you export it.",
        )


def _bundles_among(paths: list[Path]) -> list[Path]:
    """All of the paths where each is a bundle; images beside bundles are read in as images."""
    from desktop.workspace.team.merging import looks_like_bundle

    return paths if all(looks_like_bundle(p) for p in paths) else []
