"""The quality report: words, tables and plots without a screen, no names unless asked for."""

from __future__ import annotations

import csv
import io
import json
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from desktop.commands.project import AddSchema, AnswerQuestion, ChooseSchema, MarkCase
from desktop.domain.contracts import Progress
from desktop.domain.errors import AccessProblem, Cancelled
from desktop.domain.schema import Question, QuestionKind, Schema
from desktop.domain.task import AssignmentState
from desktop.exchange.exporter import BundleOptions
from tests.workspace.made import SCHEMA, MadeProject
from tools import manage

ASKED = Schema(
    id="chest@1",
    name="chest",
    version=1,
    title="Chest",
    classes=SCHEMA.classes,
    questions=(
        Question(id="fluid", text="Fluid <left & right>", kind=QuestionKind.YES_NO),
        Question(id="size", text="Size", kind=QuestionKind.NUMBER, unit="mm"),
        Question(id="never", text="All alike", kind=QuestionKind.YES_NO),
    ),
)


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MadeProject:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    made = MadeProject(tmp_path, cases=12)
    made.ws.run(AddSchema(schema=ASKED))
    for case in made.cases:
        made.ws.run(ChooseSchema(case_id=case, schema_id=ASKED.id))
    for r, name in enumerate(("Ada", "Bela")):
        made.reopen(name)
        for n, case in enumerate(made.cases):
            values = (
                ("fluid", (n + (r and n % 5 == 0)) % 2 == 0),
                ("size", 10.0 + n + r % 2),
                ("never", False),
            )
            for question, value in values:
                made.ws.run(AnswerQuestion(case_id=case, question_id=question, value=value))
            made.ws.run(MarkCase(case_id=case, state=AssignmentState.DONE))
            if n < 4:
                made.draw(case=n)
    made.reopen("Ada")
    return made


class Tags(HTMLParser):
    """Checks that what is opened is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in ("meta", "rect", "polyline", "polygon", "circle", "br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("rect", "polyline", "polygon", "circle"):
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_report_says_everything_in_words(read: MadeProject, tmp_path: Path) -> None:
    ws = read.ws
    board = ws.quality.board()
    report = ws.quality.report(board, ws.quality.regions())
    page = report.write(tmp_path / "out")
    text = page.read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    words = "".join(tags.text)
    for said in (
        "Fluid <left & right>", "ICC(2,1)", "Krippendorff's alpha (nominal)", "Gwet's AC1",
        "undefined: All answers fall into one category", "Bland and Altman's", "12 cases of 12",
        "Surface Dice at 2 mm", "Nodule", *(f"{n} {s:.0%}" for n, s in board.rows[0].shares),
    ):  # fmt: skip
        assert said in words, said
    assert "Ada" not in text
    assert "Bela" not in text
    assert text.count("<svg ") == len(report.plots())
    for stem in report.plots():
        ElementTree.parse(tmp_path / "out" / "plots" / f"{stem}.svg")


def test_table_and_json_hold_the_numbers_of_the_board(read: MadeProject, tmp_path: Path) -> None:
    board = read.ws.quality.board()
    report = read.ws.quality.report(board)
    rows = list(csv.DictReader(io.StringIO(report.table_csv())))
    plain = json.loads(report.json())
    for row in board.rows:
        told = next(r for r in rows if r["question_or_class"] == row.topic.title)
        also = next(r for r in plain["rows"] if r["key"] == row.topic.key)
        if row.agreement.value is None:
            assert told["value"] == ""
            assert told["undefined"] == row.agreement.undefined == also["agreement"]["undefined"]
        else:
            assert float(told["value"]) == row.agreement.value == also["agreement"]["value"]
            assert row.agreement.interval is None or (
                float(told["low"]) == row.agreement.interval.low == also["agreement"]["low"]
            )
    assert "Ada" not in report.json()


def test_names_are_for_the_lead_and_noted(read: MadeProject) -> None:
    ws = read.ws
    before = ws.event_count()
    named = ws.quality.report(ws.quality.board(), with_names=True)
    assert "Bela" in named.html()
    assert ws.event_count() == before + 1
    read.reopen("Bela")
    with pytest.raises(AccessProblem):
        read.ws.quality.report(named.board)


def test_the_same_on_the_command_line(
    read: MadeProject, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    read.close()
    target = tmp_path / "report"
    arguments = ["quality", str(read.path), "--reader", "Ada", "--report", str(target), "--regions"]
    assert manage.main(arguments) == 0
    said = capsys.readouterr().out
    assert "ICC(2,1)" in said
    assert "undefined: All answers fall into one category" in said
    for name in ("mean Dice", "IoU", "HD95 mm", "HD mm", "ASSD mm", "panoptic quality"):
        assert name in said, name
    assert "alpha (1 − IoU)" in said
    assert (target / "report.html").is_file()
    own = tmp_path / "weights.json"
    plain = {"chest/fluid": {"answers": ["no", "yes"], "weights": [[1, 0.5], [0.5, 1]]}}
    own.write_text(json.dumps(plain))
    call = ["quality", str(read.path), "--reader", "Ada"]
    for words, wanted in (
        (("--coefficient", "scott"), "Scott's pi"),
        (("--coefficient", "conger", "--weights", "linear"), "Conger's kappa"),
        (("--coefficient", "gwet", "--own-weights", str(own)), "Gwet's AC2 (own weights)"),
        (("--coefficient", "alpha", "--level", "ratio"), "Krippendorff's alpha (ratio)"),
        (("--coefficient", "icc", "--icc", "3,k"), "ICC(3,k)"),
    ):
        assert manage.main([*call, *words]) == 0
        assert wanted in capsys.readouterr().out, wanted
    own.write_text(json.dumps({"chest/fluid": {"answers": ["no", "yes"], "weights": [[1]]}}))
    assert manage.main([*call, "--own-weights", str(own)]) == 2
    read.reopen_closed()


def test_a_bundle_brings_the_figures_with_pseudonyms_and_numbered_sites(
    read: MadeProject, tmp_path: Path
) -> None:
    ws = read.ws
    ws.batches.tag(read.cases[:6], "site:Charité Berlin")
    ws.batches.tag(read.cases[6:], "site:St Elsewhere")
    board = ws.quality.board()
    ws.export_bundle(tmp_path / "out", BundleOptions(formats=("quality", "table")))
    text = (tmp_path / "out" / "quality" / "quality.json").read_text(encoding="utf-8")
    plain = json.loads(text)
    for row, told in zip(board.rows, plain["rows"], strict=True):
        assert told["key"] == row.topic.key
        assert told["agreement"]["value"] == row.agreement.value
        assert told["agreement"]["undefined"] == row.agreement.undefined
    assert any(told["agreement"]["undefined"] for told in plain["rows"])
    pseudonyms = {reader.pseudonym for reader, _name in ws.readers()}
    assert set(plain["readers"]) <= pseudonyms
    assert set(plain["by_site"]["chest/fluid"]) == {"site 1", "site 2"}
    (area,) = plain["regions"]["rows"]
    wanted = ws.quality.regions().rows[0]
    assert area["class"] == "Nodule"
    assert area["metrics"]["dice"]["mean"] == wanted.dice.mean == 1.0
    assert area["alpha_dice"]["value"] == wanted.alpha.value
    (pair,) = area["by_pair"]
    assert set(pair["readers"]) <= pseudonyms
    assert pair["metrics"]["hd95_mm"]["undefined"] == pair["pairs"] == 4, "no calibration, no mm"
    assert set(area["by_site"]) == {"site 1"}
    for secret in ("Ada", "Bela", "Charité", "Elsewhere"):
        assert secret not in text
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert "quality/quality.json" in {part["path"] for part in manifest["parts"]}
    assert plain["methods"]["Undefined"]


def test_a_project_of_one_reader_has_no_figures(tmp_path: Path) -> None:
    made = MadeProject(tmp_path, cases=1)
    made.ws.export_bundle(tmp_path / "out", BundleOptions(formats=("quality", "table")))
    assert not (tmp_path / "out" / "quality").exists()
    made.close()


def test_counting_for_a_bundle_can_be_stopped(read: MadeProject, tmp_path: Path) -> None:
    said: list[str] = []

    def stop(_fraction: float, text: str) -> None:
        said.append(text)
        if text == "Agreement of readers":
            progress.cancel()

    progress = Progress(stop)
    with pytest.raises(Cancelled):
        read.ws.export_bundle(tmp_path / "out", BundleOptions(formats=("quality",)), progress)
    assert said[-1] == "Agreement of readers", "and nothing was counted after that"
    assert not (tmp_path / "out").exists()
