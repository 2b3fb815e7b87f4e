"""Tags and sites: put on by a person, found by the search, and compared on the board."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from desktop.commands.batch import TagCases
from desktop.commands.case_note import FlagCase
from desktop.commands.project import AnswerQuestion, MarkCase
from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.domain.site import site_of
from desktop.domain.task import AssignmentState, Role
from desktop.workspace.images import new_project
from desktop.workspace.images.sites import sites_by_folder
from desktop.workspace.workspace import Workspace
from tests.workspace.made import SCHEMA, MadeProject
from tools import manage


@pytest.fixture
def made(tmp_path: Path) -> Iterator[MadeProject]:
    project = MadeProject(tmp_path, cases=24)
    yield project
    project.close()


def test_a_case_has_one_site_and_any_number_of_tags(made: MadeProject) -> None:
    ws = made.ws
    ws.batches.tag(("case-1", "case-2"), "hard")
    ws.batches.tag(("case-1",), "site:Aachen")
    ws.batches.tag(("case-1",), " site:Bonn  Nord ")
    assert ws.case("case-1").tags == ("hard", "site:Bonn Nord")
    ws.batches.tag(("case-1",), "hard", on=False)
    assert site_of(ws.case("case-1").tags) == "Bonn Nord"
    assert ws.batches.tags() == {"hard": 1, "site:Bonn Nord": 1}
    ws.undo("")
    assert ws.case("case-1").tags == ("hard", "site:Bonn Nord")


@pytest.mark.parametrize("word", ["", "  ", "site:", "synthetic"])
def test_some_words_are_no_tag(made: MadeProject, word: str) -> None:
    for on in (True, False):
        with pytest.raises(UserError):
            made.ws.run(TagCases(case_ids=("case-1",), tag=word, on=on))
    assert made.ws.case("case-1").tags == ()


def test_many_cases_are_tagged_as_one_step(made: MadeProject, monkeypatch) -> None:
    monkeypatch.setattr("desktop.workspace.team.batches._AT_ONCE", 10)
    made.ws.batches.tag(made.cases, "site:Cologne")
    assert made.ws.batches.tags() == {"site:Cologne": 24}
    made.ws.undo("")
    assert made.ws.batches.tags() == {}


def test_the_search_finds_own_flags_and_the_leads_tags(made: MadeProject) -> None:
    ws = made.ws
    ws.batches.tag(("case-3",), "site:Aachen")
    ws.run(FlagCase(case_id="case-5", word="ask Ben"))

    def found(words: str) -> list[str]:
        lines = made.ws.cases(0, 99, words)
        assert made.ws.case_count(words) == len(lines)
        return [line.case.id for line in lines]

    assert found("aachen") == ["case-3"]
    assert found("ASK") == ["case-5"]
    assert found("P-00000") == made.cases
    ws.accounts.add_reader(ws.reader, "Cleo", Role.READER)
    made.reopen("Cleo")
    assert found("aachen") == []  # a tag may tell what readers are not to know
    assert found("ask") == []  # another one's flag


def _photographs(root: Path) -> None:
    """One image in each of two folders."""
    for seed, name in enumerate(("Aachen", "Bonn")):
        (root / name / "deep").mkdir(parents=True)
        pixels = np.random.default_rng(seed).integers(0, 255, (20, 30), dtype=np.uint8)
        Image.fromarray(pixels).save(root / name / "deep" / "photo.png")


def _answered(made: MadeProject) -> None:
    """Two sites of twelve cases: in one the readers say the same, in the other they don't."""
    made.ws.batches.tag(made.cases[:12], "site:Aachen")
    made.ws.batches.tag(made.cases[12:22], "site:Bonn")
    for name in ("Ada", "Ben"):
        made.reopen(name)
        for n, case in enumerate(made.cases):
            differs = name == "Ben" and n >= 12 and n % 2
            said = "good" if (n % 3 > 0) != differs else "poor"
            made.ws.run(AnswerQuestion(case_id=case, question_id="quality", value=said))
            made.ws.run(MarkCase(case_id=case, state=AssignmentState.DONE))
    made.reopen("Ada")


def test_agreement_by_site_is_that_of_the_cases_there(made: MadeProject) -> None:
    from desktop.workspace.quality.quality_plots import site_plot

    _answered(made)
    quality = made.ws.quality
    board = quality.board()
    detail = quality.detail(board, f"{SCHEMA.name}/quality")
    sites = dict(detail.sites)
    assert list(sites) == ["", "Aachen", "Bonn"]
    assert sites["Aachen"].value == 1.0 and sites["Aachen"].items == 12
    assert sites["Bonn"].items == 10
    worst = sites["Bonn"].value
    assert worst is not None and worst < 0.2
    cases = [detail.items[i][0] for i in detail.of_site("Bonn")]
    assert sorted(cases) == sorted(made.cases[12:22])
    assert cases[0] in {made.cases[n] for n in range(13, 22, 2)}  # those that differ stand first
    rows = {d.key for layer in site_plot(detail).layers for d in getattr(layer, "data", ())}
    assert {"Aachen", "Bonn"} <= rows
    told = quality.report(board).plain()["by_site"][f"{SCHEMA.name}/quality"]
    assert told["Aachen"]["value"] == 1.0 and told["Bonn"]["items"] == 10


def test_folders_become_sites_where_that_is_wished(tmp_path: Path) -> None:
    root = tmp_path / "studies"
    _photographs(root)
    survey = new_project.look([root], Progress())
    assert survey.sites == {"Aachen": 1, "Bonn": 1}
    assert all(c.tags == () for c in survey.result.cases)
    with new_project.make(
        tmp_path / "a.rroom", title="A", reader_name="Ada", schema=SCHEMA,
        survey=survey.with_sites(),
    ) as ws:  # fmt: skip
        assert ws.batches.tags() == {"site:Aachen": 1, "site:Bonn": 1}
    roots = [root / "Aachen", root / "Bonn"]
    assert set(sites_by_folder(survey.result, roots).values()) == {"Aachen", "Bonn"}
    assert sites_by_folder(survey.result, [root / "Aachen" / "deep"]) == {}
    moved = [msgspec.structs.replace(c, series_ids=tuple(s.id for s in survey.result.series))
             for c in survey.result.cases]  # fmt: skip
    survey.result.cases[:] = moved
    assert sites_by_folder(survey.result, [root]) == {}  # images of two sites: nobody guesses


def test_the_command_line_tags_and_imports_by_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = str(tmp_path / "a.rroom")
    _photographs(tmp_path / "studies")
    assert manage.main(["create", project, "--reader", "Ada"]) == 0
    assert manage.main(["import", project, str(tmp_path / "studies"), "--sites-by-folder"]) == 0
    assert manage.main(["tag", project, "hard", "2"]) == 0
    assert manage.main(["tag", project, "seen", "--search", "aachen"]) == 0
    capsys.readouterr()
    assert manage.main(["tag", project]) == 0
    told = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert told == ["hard 1 cases", "seen 1 cases", "site:Aachen 1 cases", "site:Bonn 1 cases"]
    assert manage.main(["tag", project, "hard", "9"]) == 2
    with Workspace.open(Path(project), reader_name="Ada") as ws:
        assert "site:Aachen" in ws.case(ws.cases(0, 1, "seen")[0].case.id).tags
