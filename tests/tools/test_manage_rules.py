"""Rules without a window: written as JSON, run, explained, suggested and sent to readers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.workspace.made_rules import has_spot, number_of, open_spots, say
from tools import manage

ABOUT = {"schema_name": "spots", "question_id": "spot"}
RULES: list[dict[str, Any]] = [
    {"name": "Bright area", "about": ABOUT, "kind": "image-statistic", "votes_for": "yes",
     "otherwise": "no", "parameters": {"measure": "area-above", "above": 150.0, "limit": 60.0}},
    {"name": "Says spot", "about": ABOUT, "kind": "report-words", "votes_for": "yes",
     "parameters": {"words": ["spot"]}},
    {"name": "Denies spot", "about": ABOUT, "kind": "report-words", "votes_for": "no",
     "parameters": {"words": ["spot"], "mode": "denied"}},
]  # fmt: skip


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Twelve pictures; the first three are answered."""
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    with open_spots(tmp_path, 12) as ws:
        for line in ws.cases()[:3]:
            say(ws, line.case.id, has_spot(number_of(ws, line.case.id)))
        return ws.path


@pytest.fixture
def run(project: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(command: str, *words: object) -> tuple[int, str]:
        code = manage.main([command, str(project), *map(str, words)])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def test_rules_are_written_run_and_put_to_use(run: Any, tmp_path: Path) -> None:
    assert run("rules-run") == (
        2, "There are no rules yet. Say which: --target, as numbered by rules --targets.\n",
    )  # fmt: skip
    assert "report-words: Words of the report" in run("rules", "--kinds")[1]
    assert "Is there a spot? · each case" in run("rules", "--targets")[1]
    file = tmp_path / "rules.json"
    file.write_text(json.dumps(RULES))
    code, said = run("rules-save", file)
    assert code == 0 and "Says spot, version 1: where the report says spot, votes yes" in said
    written = json.loads(run("rules", "--json")[1])
    assert [r["name"] for r in written] == [r["name"] for r in RULES]
    assert written[1]["about"]["question_id"] == "spot" and written[1]["parameters"]["window"] == 8
    # the file that was printed writes the same rules again: nothing changes
    file.write_text(json.dumps(written))
    assert "version 2" not in run("rules-save", file)[1]
    written[0]["parameters"]["limit"] = 70.0
    file.write_text(json.dumps(written))
    assert "Bright area, version 2" in run("rules-save", file)[1]

    table = tmp_path / "votes.csv"
    code, said = run("rules-run", "--without", "bright AREA", "--table", table)
    assert code == 0 and "12 items." in said and "Without Bright area" in said
    assert "3/3 (0.44 to 1.00)" in said  # right on the known answers, with the interval
    assert table.read_text().count("\n") == 13
    code, said = run("rule-why", 5)
    assert code == 0
    head, *reasons = said.splitlines()
    total = float(head.split(", ")[1].split()[0])
    assert sum(float(r.split()[0]) for r in reasons) == pytest.approx(total, abs=0.004)
    code, said = run("rules-run", "--suggest", "--sure", "0.6")
    assert code == 0 and "suggestions wait for the readers." in said
    assert "spot: " in run("suggestions", 5)[1]
    assert json.loads(run("show", 5)[1])["answers"] == {}
    assert run("rules-run", "--sure", "1", "--send-to", "Nobody")[0] == 2
    assert run("add-reader", "Bea")[0] == 0
    code, said = run("rules-run", "--sure", "1", "--send-to", "Bea", "--most", "2")
    assert code == 0 and "2 cases to 1 readers." in said

    assert run("rule-switch", "Says spot", "off")[0] == 0
    assert "Says spot\t" not in run("rules-run")[1]
    assert run("rule-delete", "Says spot")[0] == 0
    assert run("rule-switch", "Says spot", "on")[0] == 2
    assert run("verify")[0] == 0


def test_a_file_with_one_wrong_rule_writes_none(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    for wrong, words in (
        ({"kind": "horoscope"}, "This kind of rule is not here."),
        ({"votes_for": "perhaps"}, "This answer is not among those of the question."),
        ({"parameters": {"word": ["spot"]}}, "parameter that its kind does not know"),
        ({"about": {"schema_name": "spots", "question_id": "gone"}}, ""),
        ({"name": 3}, "The file of rules can't be read."),
    ):
        file.write_text(json.dumps([RULES[0], {**RULES[1], **wrong}]))
        code, said = run("rules-save", file)
        assert code == 2 and words in said
        assert run("rules", "--json")[1].strip() == "[]"


def test_an_error_of_a_rule_is_told_and_gives_another_exit_code(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    broken = {**RULES[1], "name": "Broken", "parameters": {"words": ["("], "pattern": True}}
    file.write_text(json.dumps([RULES[0], broken]))
    assert run("rules-save", file)[0] == 0
    code, said = run("rules-run")
    assert code == 1 and "This pattern can't be read." in said
    line = next(x for x in said.splitlines() if x.startswith("Broken"))
    assert line.endswith("\t9")  # nine reports could be searched; three cases have none
