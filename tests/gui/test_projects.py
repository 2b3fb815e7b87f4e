"""Making and opening real projects through the window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from desktop.gui.projects.places_of_projects import free_path, is_encrypted, projects_folder
from desktop.gui.projects.project_page import NewProject
from desktop.gui.projects.recent import recent_projects
from desktop.gui.schema.schema_choice import cases_without_schema, read_schema, shipped_schemas
from desktop.gui.shell import Notice
from desktop.gui.window.main_window import MainWindow
from desktop.workspace.workspace import Workspace

READER = "Dr. Noor"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two photographs and a text file."""
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(5)
    for name in ("one", "two"):
        pixels = rng.integers(0, 255, (40, 60, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{name}.png")
    (folder / "notes.txt").write_text("not an image")
    return folder


def make(window: MainWindow, tmp_path: Path, **more: Any) -> None:
    wanted = NewProject(
        tmp_path / "projects" / "Pilot.rroom",
        "Pilot",
        read_schema(shipped_schemas()[0].path),
        more.get("passphrase", ""),
        tuple(more.get("images", ())),
    )
    window.show_page("new")
    window.new_project_page.created.emit(wanted)


def test_new_projects_are_proposed_within_the_home_that_was_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path))
    assert projects_folder().is_relative_to(tmp_path)


def test_a_new_project_is_empty_and_says_what_to_do(window: MainWindow, tmp_path: Path) -> None:
    make(window, tmp_path)
    assert window.page == "read"
    assert window.reading_page._empty.title.text() == "This project has no images yet"
    assert [p.title for p in recent_projects(window.shell.settings)] == ["Pilot"]
    room = window.shell.reading.workspace
    assert room is not None and len(room.schemas()) == 1


def test_photographs_come_in_with_the_projects_schema(
    window: MainWindow, tmp_path: Path, photos: Path, qtbot: Any
) -> None:
    make(window, tmp_path, images=[photos])
    assert window.page == "import"
    room = window.shell.reading.workspace
    assert room is not None
    assert room.case_count() == 2
    assert cases_without_schema(room) == []
    page = window.import_page
    assert page._sentence.text() == "2 images in 2 cases added, 1 refused."
    refused = page._tree.topLevelItem(0)
    assert refused is not None and refused.text(0) == "Refused (1)"
    assert refused.child(0).text(0) == "notes.txt"
    page._go.click()
    assert window.page == "read"
    view = window.shell.reading.view
    assert view.case_id and view.series_id and view.class_id


def test_the_same_photographs_are_not_taken_twice(
    window: MainWindow, tmp_path: Path, photos: Path
) -> None:
    (photos / "notes.txt").unlink()
    make(window, tmp_path, images=[photos])
    assert window.page == "read", "without anything to tell, reading begins at once"
    window.open_paths([photos])
    page = window.import_page
    assert window.page == "import"
    assert page._sentence.text() == "Nothing new: all of these images are in the project already."
    assert not page._go.isVisible()


def test_a_result_waits_while_the_reader_is_elsewhere(
    window: MainWindow, tmp_path: Path, photos: Path, notices: list[Notice]
) -> None:
    make(window, tmp_path)
    page = window.import_page
    window.show_page("worklist")
    page.start([photos])
    assert window.page == "worklist"
    assert notices[-1].act == "Show" and notices[-1].on_act is not None
    notices[-1].on_act()
    assert window.page == "import"


def test_an_encrypted_project_asks_for_its_passphrase(window: MainWindow, tmp_path: Path) -> None:
    make(window, tmp_path, passphrase="open sesame")
    room = window.shell.reading.workspace
    assert room is not None
    path = room.path
    window.actions_["project.close"].trigger()
    assert is_encrypted(path)
    assert not window.projects.open(path, READER)
    assert window.page == "passphrase"
    page = window.passphrase_page
    page.phrase.setText("open barley")
    page._give()
    assert window.page == "passphrase"
    assert page.trouble.text() == "This passphrase does not open it. Try again."
    page.phrase.setText("open sesame")
    page._give()
    assert window.page == "read"


def test_a_project_open_elsewhere_can_be_looked_at(
    window: MainWindow, tmp_path: Path, notices: list[Notice]
) -> None:
    path = tmp_path / "Busy.rroom"
    with Workspace.create(path, title="Busy", reader_name="Dr. Ada"):
        assert not window.projects.open(path, READER)
        assert notices[-1].act == "Open read-only" and notices[-1].on_act is not None
        notices[-1].on_act()
        room = window.shell.reading.workspace
        assert room is not None and room.read_only
        assert window.title.saved.text() == "Read only"
        window.actions_["project.close"].trigger()


def test_the_demo_is_made_once_and_opened_again(
    window: MainWindow, tmp_path: Path, notices: list[Notice]
) -> None:
    window.projects.open_demo(READER)
    room = window.shell.reading.workspace
    assert room is not None and room.case_count() == 2
    assert cases_without_schema(room) == []
    assert window.page == "read" and window.shell.reading.view.case_id
    assert notices[-1].title == "The demo is ready"
    made = room.project_id
    window.actions_["project.close"].trigger()
    window.projects.open_demo(READER)
    again = window.shell.reading.workspace
    assert again is not None and again.project_id == made


def test_a_file_that_is_no_project_is_refused_in_words(
    window: MainWindow, tmp_path: Path, notices: list[Notice]
) -> None:
    window.projects.open(tmp_path / "missing.rroom", READER)
    assert notices[-1].kind == "warn"
    assert "not there" in notices[-1].title
    assert window.page == "start"


def test_files_never_take_the_place_of_others(tmp_path: Path) -> None:
    (tmp_path / "Pilot.rroom").write_bytes(b"")
    assert free_path(tmp_path, "Pilot").name == "Pilot 2.rroom"
    assert free_path(tmp_path, "a/b\\c: d?").name == "abc d.rroom"
    assert free_path(tmp_path, "///").name == "Project.rroom"


def test_every_shipped_schema_can_be_read() -> None:
    found = [read_schema(shipped.path) for shipped in shipped_schemas()]
    assert found and all(schema.title for schema in found)


def test_export_and_check_through_the_pages(
    window: MainWindow, tmp_path: Path, photos: Path
) -> None:
    (photos / "notes.txt").unlink()
    make(window, tmp_path, images=[photos])
    window.show_page("exchange")
    page = window.exchange_page
    assert page.count.text() == "2 cases"
    page.go.click()
    bundle = Path(page.place.text())
    assert bundle.is_dir()
    assert page._result.isVisible()
    window.check_page.check_bundle(bundle)
    assert window.page == "check"
    assert window.check_page.title.text() == "The bundle is whole"
    manifest = bundle / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b"Pilot", b"Pirot"))
    window.check_page.check_bundle(manifest)
    assert window.check_page.title.text() == "The bundle is not what was signed"


def test_the_projects_own_log_can_be_checked(window: MainWindow, tmp_path: Path) -> None:
    make(window, tmp_path)
    window.actions_["project.check"].trigger()
    assert window.check_page.title.text() == "The log is whole"
    window.check_page._button.click()
    assert window.page == "read"


def test_images_that_were_moved_are_found_again_and_shown(
    window: MainWindow, tmp_path: Path, photos: Path, qtbot: Any
) -> None:
    make(window, tmp_path, images=[photos])
    qtbot.waitUntil(lambda: window.shell.reading.workspace is not None)
    room = window.shell.reading.workspace
    assert room is not None
    qtbot.waitUntil(lambda: room.case_count() == 2)
    ref = room.frame_refs(room.series(room.first_open_case())[0].id)[0]
    photos.rename(tmp_path / "elsewhere")
    (tmp_path / "nothing").mkdir()
    told: list[Notice] = []
    window.shell.noticed.connect(told.append)
    window._window_acts.find_images_in(tmp_path / "nothing")
    qtbot.waitUntil(lambda: len(told) == 1)
    window._window_acts.find_images_in(tmp_path / "elsewhere")
    qtbot.waitUntil(lambda: len(told) == 2)
    assert [n.title for n in told] == [
        "No missing image is in that folder",
        "2 images found again",
    ]
    assert room.source_path(ref.instance_id).parent == tmp_path / "elsewhere"
    assert window.reading_page.canvas.asked[-1] == ("read_again",)
