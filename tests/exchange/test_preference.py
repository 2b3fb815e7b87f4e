"""Preferences for training: columns that trainers read, conflicts, splits, what is kept aside."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image

from desktop.domain.contracts import Progress
from desktop.domain.errors import FileProblem, StoreProblem
from desktop.domain.ranking import Outcome, RankingKind, TaskRecords
from desktop.domain.record import stable_id
from desktop.domain.runs import decode_runs
from desktop.domain.study import FrameRef, Window
from desktop.exchange.bundle import write_bundle
from desktop.exchange.exporter import BundleOptions, Mismatch
from desktop.exchange.preference import PreferenceOptions, write_task
from desktop.exchange.preference_rows import Conflict, pair_rows, split_of, unpaired_rows
from desktop.imaging.frame import Frame
from desktop.workspace.ranking.ranking_report import rewards
from tests.exchange.made import MadeProject
from tests.exchange.made_rankings import (
    L,
    R,
    T,
    compared,
    graded,
    made_task,
    ordered,
    outlined,
    told,
)

ALL_TRAIN = PreferenceOptions(splits=(("train", 1.0),))
NAMES = {stable_id("reader", str(n)): f"R-{n}" for n in range(3)}


def written(
    records: TaskRecords,
    folder: Path,
    options: PreferenceOptions = ALL_TRAIN,
    runs: Any = None,
    look: Any = None,
) -> Path:
    runs = runs or {}.__getitem__
    write_task(records, folder, options, NAMES, runs, rewards, Progress(), look=look)
    return folder


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def pairs(records: TaskRecords, policy: Conflict = Conflict.MAJORITY) -> list[tuple[str, str]]:
    return [(r.chosen.id, r.rejected.id) for r in pair_rows(records, policy)[0]]


def test_preference_rows_are_what_trl_reads(filled: MadeProject, tmp_path: Path) -> None:
    """Strings: exactly prompt, chosen, rejected. Messages: lists of role and content."""
    folder = written(compared(filled), tmp_path / "out")
    plain = rows_of(folder / "preference.train.jsonl")
    assert plain == [
        {"prompt": "Ümlaut?", "chosen": "Text a.", "rejected": "Text c."},
        {"prompt": "Ümlaut?", "chosen": "Text b.", "rejected": "Text c."},
    ]
    talk = rows_of(folder / "preference_messages.train.jsonl")
    for row, same in zip(talk, plain, strict=True):
        assert set(row) == {"prompt", "chosen", "rejected"}
        (asked,), (chosen,), (rejected,) = row["prompt"], row["chosen"], row["rejected"]
        assert (asked["role"], chosen["role"]) == ("user", "assistant")
        assert asked["content"] == same["prompt"]
        assert (chosen["content"], rejected["content"]) == (same["chosen"], same["rejected"])


def test_ties_and_unacceptable_pairs_give_no_preference_row(filled: MadeProject) -> None:
    _rows, counts = pair_rows(compared(filled), Conflict.MAJORITY)
    assert counts == {
        "agreed": 2, "both_unacceptable": 1, "conflicting": 1, "conflicting_dropped": 1,
        "not_judged": 1, "pairs": 3, "rows": 2,
    }  # fmt: skip
    rows = unpaired_rows(compared(filled), ALL_TRAIN)
    assert [(r.candidate.id, r.label, r.why) for r in rows] == [
        ("d", False, "unacceptable"),
        ("e", False, "unacceptable"),
    ]


@pytest.mark.parametrize(
    ("policy", "wanted"),
    [
        (Conflict.MAJORITY, [("a", "b")]),
        (Conflict.DROP, []),
        (Conflict.KEEP, [("a", "b"), ("b", "a")]),
    ],
)
def test_readers_who_disagree(policy: Conflict, wanted: list[tuple[str, str]]) -> None:
    records = made_task(RankingKind.PAIRWISE, {"p": ["a", "b"]})
    said = told(records, [(0, "a", "b", L), (1, "b", "a", R), (2, "a", "b", R)])
    assert pairs(said, policy) == wanted


def test_a_pair_is_one_row_however_often_and_on_whichever_side(tmp_path: Path) -> None:
    """One reader's repeats count once; a reader who says both is torn and counts as a tie."""
    records = made_task(RankingKind.PAIRWISE, {"p": ["a", "b", "c"]})
    said = told(
        records,
        [(0, "a", "b", L), (0, "b", "a", R), (1, "b", "a", R), (2, "a", "b", L),
         (2, "b", "a", L), (1, "a", "c", T)],
    )  # fmt: skip
    (row,), counts = pair_rows(said, Conflict.DROP)
    assert (row.votes_for, row.votes_against, row.ties) == (2, 0, 1)
    assert counts["tied"] == 1
    sidecar = rows_of(written(said, tmp_path / "out") / "sidecar.jsonl")
    kept = next(s for s in sidecar if s["file"] == "preference.train.jsonl")
    assert sorted(kept["readers"]) == ["R-0", "R-1"]
    assert (kept["chosen_source"], kept["rejected_source"]) == ("model a", "model b")


def test_the_sidecar_names_the_row_of_each_file(filled: MadeProject, tmp_path: Path) -> None:
    folder = written(compared(filled), tmp_path / "out")
    for entry in rows_of(folder / "sidecar.jsonl"):
        row = rows_of(folder / entry["file"])[entry["row"]]
        if "chosen_id" in entry:
            chosen = row["chosen"]
            text = chosen if isinstance(chosen, str) else chosen[0]["content"]
            assert text == f"Text {entry['chosen_id']}."
            assert entry["row_id"] == stable_id(
                "preference", entry["chosen_id"], entry["rejected_id"]
            )
        else:
            assert row["completion"] == f"Text {entry['candidate_id']}."


def test_orders_give_pairs_that_know_their_list(tmp_path: Path) -> None:
    records = ordered([["b"], ["a", "c"]], ["c", "a", "b", "d"])
    assert pairs(records) == [("a", "d"), ("b", "a"), ("b", "c"), ("b", "d"), ("c", "d")]
    rows, _counts = pair_rows(records, Conflict.MAJORITY)
    assert {r.lists for r in rows} == {("list-1",)}
    folder = written(records, tmp_path / "out")
    given, fitted = rows_of(folder / "rankings.jsonl")
    assert given["tiers"] == [["b"], ["a", "c"]] and given["unacceptable"] == ["d"]
    assert fitted["order"][0] == "b" and fitted["order"][-1] == "d"
    (bad,) = rows_of(folder / "unpaired.train.jsonl")
    assert bad == {"prompt": "Order", "completion": "Text d.", "label": False}


def test_grades_become_unpaired_rows(filled: MadeProject, tmp_path: Path) -> None:
    folder = written(graded(filled), tmp_path / "out")
    rows = rows_of(folder / "unpaired.train.jsonl")
    assert [(r["completion"], r["label"]) for r in rows] == [("Text p.", True), ("Text q.", False)]
    assert all(set(r) == {"prompt", "completion", "label"} for r in rows)
    assert not (folder / "preference.train.jsonl").exists()


def test_rewards_are_sorted_with_errors_and_ranks(filled: MadeProject, tmp_path: Path) -> None:
    folder = written(compared(filled), tmp_path / "out")
    rows = list(csv.DictReader((folder / "reward.csv").open(encoding="utf-8", newline="")))
    first = [r for r in rows if r["prompt_id"] == "prompt-0"]
    values = [float(r["reward"]) for r in first]
    assert values == sorted(values, reverse=True)
    assert all(float(r["std_error"]) > 0 for r in first)
    assert {r["candidate_id"] for r in first} == {"a", "b", "c"}


def test_a_prompt_is_in_one_split_in_every_task() -> None:
    splits = (("train", 0.8), ("validation", 0.1), ("test", 0.1))
    found = [split_of(f"Prompt {n}", splits) for n in range(2000)]
    assert [found.count(n) / 2000 for n, _s in splits] == pytest.approx([0.8, 0.1, 0.1], abs=0.03)
    assert split_of("  prompt 1 ", splits) == split_of("Prompt 1", splits)
    assert split_of("x", (("only", 0.0),)) == "only"


def test_all_rows_of_a_prompt_are_in_one_file(tmp_path: Path) -> None:
    records = made_task(
        RankingKind.PAIRWISE, {f"Prompt {n}": [f"{n}a", f"{n}b", f"{n}c"] for n in range(30)}
    )
    rows = [(0, f"{n}{x}", f"{n}{y}", L) for n in range(30) for x, y in ("ab", "bc", "ac")]
    folder = written(told(records, rows), tmp_path / "out", PreferenceOptions())
    train, test = (rows_of(folder / f"preference.{name}.jsonl") for name in ("train", "test"))
    assert len(train) + len(test) == 90
    assert not {r["prompt"] for r in train} & {r["prompt"] for r in test}
    about = json.loads((folder / "task.json").read_text())
    assert about["prompts_by_split"] == {"train": len(train) // 3, "test": len(test) // 3}


def test_outlines_are_masks_with_relative_paths(filled: MadeProject, tmp_path: Path) -> None:
    records = outlined(filled)
    folder = written(records, tmp_path / "out", runs=filled.blobs.__getitem__, look=slope_of)
    (row,) = rows_of(folder / "preference.train.jsonl")
    assert set(row) == {"prompt", "chosen", "rejected", "images"}
    assert len(row["images"]) == 1 and row["images"][0].startswith("images/")
    part = records.candidates[0].regions[0].frames[0]
    with Image.open(folder / row["chosen"]) as picture:
        assert np.array_equal(
            np.asarray(picture) == 255,
            decode_runs(filled.blobs[part.runs], part.rows, part.columns),
        )
    (talk,) = rows_of(folder / "preference_messages.train.jsonl")
    kinds = [p["type"] for p in talk["prompt"][0]["content"]]
    assert kinds == ["image", "text"] and len(talk["images"]) == 1


def slope_of(ref: FrameRef) -> Frame:
    """A made-up CT image: values rise from left to right; its window is 100 to 108."""
    pixels = np.tile(np.arange(96, 112, dtype=np.int16), (12, 1))
    return Frame(ref=ref, pixels=pixels, pixels_sha256="", windows=(Window(center=104, width=8),))


def test_every_image_that_a_row_names_is_there(filled: MadeProject, tmp_path: Path) -> None:
    records = outlined(filled)
    folder = written(records, tmp_path / "out", runs=filled.blobs.__getitem__, look=slope_of)
    (row,) = rows_of(folder / "preference.train.jsonl")
    with Image.open(folder / row["images"][0]) as picture:
        grey = np.asarray(picture)
    assert grey.shape == (12, 16) and (grey[0, 0], grey[0, -1]) == (0, 255)
    assert np.array_equal(grey, np.sort(grey, axis=1)) and 0 < grey[0, 8] < 255
    for candidate, item in zip(
        records.candidates, rows_of(folder / "candidates.jsonl"), strict=True
    ):
        assert item["candidate_id"] == candidate.id and item["source"] == candidate.source
        (drawn,) = item["pictures"]
        with Image.open(folder / drawn) as picture:
            color = np.asarray(picture)
        part = candidate.regions[0].frames[0]
        mask = decode_runs(filled.blobs[part.runs], part.rows, part.columns)
        line = (color == (255, 212, 0)).all(axis=2)
        assert line.any() and not (line & ~mask).any(), "the line lies on the region"
        assert np.array_equal(color[~line][:, 0], grey[~line]), "else it is the image"
    named = {p for r in rows_of(folder / "candidates.jsonl") for p in r["pictures"] + r["masks"]}
    named |= set(row["images"])
    assert {p.relative_to(folder).as_posix() for p in folder.rglob("*.png")} == named
    (side,) = [
        s for s in rows_of(folder / "sidecar.jsonl") if s["file"] == "preference.train.jsonl"
    ]
    assert side["chosen_pictures"] == ["pictures/outline-0/" + Path(row["images"][0]).name]
    (record,) = json.loads((folder / "argilla/records.json").read_text())
    settings = json.loads((folder / "argilla/settings.json").read_text())
    kinds = {f["name"]: f["settings"]["type"] for f in settings["fields"]}
    assert (folder / record["fields"]["image1"]).is_file() and kinds["image1"] == "image"


def test_without_pixels_no_row_names_an_image(filled: MadeProject, tmp_path: Path) -> None:
    folder = written(outlined(filled), tmp_path / "out", runs=filled.blobs.__getitem__)
    (row,) = rows_of(folder / "preference.train.jsonl")
    assert set(row) == {"prompt", "chosen", "rejected"}
    assert not list(folder.glob("images/*")) and len(list(folder.rglob("*.png"))) == 2


@pytest.mark.parametrize("pictures", [False, True])
def test_a_bundle_holds_pixels_only_where_that_was_asked_for(
    filled: MadeProject, tmp_path: Path, pictures: bool
) -> None:
    options = BundleOptions(formats=("preference",), pictures=pictures)
    snapshot = filled.snapshot(frame=slope_of if pictures else filled.snapshot().frame)
    write_bundle(snapshot, tmp_path / "bundle", options, pool=filled.pool)
    manifest = json.loads((tmp_path / "bundle" / "manifest.json").read_text())
    images = [p["path"] for p in manifest["parts"] if "/images/" in p["path"]]
    assert len(images) == pictures
    said = manifest["deidentification"]["pixels"]
    assert ("images of preference tasks and image folders are in the bundle" in said) == pictures


def test_an_image_that_can_not_be_read_is_left_out_and_told(
    filled: MadeProject, tmp_path: Path
) -> None:
    def gone(ref: FrameRef) -> Frame:
        raise FileProblem("This image can't be read.")

    done = write_task(
        outlined(filled), tmp_path / "out", ALL_TRAIN, NAMES, filled.blobs.__getitem__, rewards,
        Progress(), look=gone,
    )  # fmt: skip
    assert [n.sentence for n in done.notes] == [
        "An image is left out of the rows: This image can't be read."
    ]
    (row,) = rows_of(tmp_path / "out" / "preference.train.jsonl")
    assert set(row) == {"prompt", "chosen", "rejected"}


def test_images_side_by_side_stand_as_their_files(filled: MadeProject, tmp_path: Path) -> None:
    frames = filled.frames()[:2]
    records = made_task(RankingKind.PAIRWISE, {"Sharper?": ["a", "b"]})
    shown = tuple(
        replace(c, text="", images=(f,)) for c, f in zip(records.candidates, frames, strict=True)
    )
    records = told(replace(records, candidates=shown), [(0, "a", "b", L)])
    folder = written(records, tmp_path / "out", look=slope_of)
    (row,) = rows_of(folder / "preference.train.jsonl")
    assert row["chosen"] == f"images/{frames[0].instance_id}_f0001.png"
    assert (folder / row["chosen"]).is_file() and (folder / row["rejected"]).is_file()
    without = written(records, tmp_path / "without")
    (row,) = rows_of(without / "preference.train.jsonl")
    assert (row["chosen"], row["rejected"]) == (frames[0].key, frames[1].key)


def test_a_changed_mask_or_row_is_found_when_read_back(
    filled: MadeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import desktop.exchange.preference_pictures as module

    def one_off(pixels: np.ndarray) -> bytes:
        spoilt = pixels.copy()
        spoilt[0, 0] ^= 255
        return whole(spoilt)

    whole = module.png
    monkeypatch.setattr(module, "png", one_off)
    with pytest.raises(Mismatch, match="mask of a candidate: its pixels differ"):
        written(outlined(filled), tmp_path / "out", runs=filled.blobs.__getitem__)


def test_argilla_records_and_settings_fit_each_other(filled: MadeProject, tmp_path: Path) -> None:
    makers = (compared(filled), graded(filled), ordered([["b"], ["a", "c"]], ["c", "a", "b"]))
    for number, records in enumerate(makers):
        folder = written(records, tmp_path / str(number))
        settings = json.loads((folder / "argilla/settings.json").read_text())
        fields = {f["name"]: f["required"] for f in settings["fields"]}
        questions = {q["name"]: q["settings"] for q in settings["questions"]}
        found = json.loads((folder / "argilla/records.json").read_text())
        assert found
        for record in found:
            assert set(record["fields"]) <= set(fields)
            assert {n for n, required in fields.items() if required} <= set(record["fields"])
            for name, responses in record["responses"].items():
                for response in responses:
                    UUID(response["user_id"])
                    _check_value(questions[name], response["value"], record["fields"])
    tied = json.loads((tmp_path / "2/argilla/records.json").read_text())[0]
    ranks = {v["value"]: v["rank"] for v in tied["responses"]["preference"][0]["value"]}
    assert ranks == {"response1": 2, "response2": 1, "response3": 2}


def _check_value(question: dict[str, Any], value: Any, fields: dict[str, str]) -> None:
    options = {o["value"] for o in question["options"]}
    if question["type"] == "rating":
        assert value in options
    else:
        assert {v["value"] for v in value} == set(fields) - {"prompt"}
        assert {v["value"] for v in value} <= options
        assert min(v["rank"] for v in value) == 1


def test_a_folder_with_something_in_it_is_left_alone(filled: MadeProject, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(StoreProblem, match="already"):
        written(compared(filled), tmp_path)


def test_nothing_judged_gives_no_rows_and_no_rewards(filled: MadeProject, tmp_path: Path) -> None:
    records = told(
        made_task(RankingKind.PAIRWISE, {"p": ["a", "b"]}), [(0, "a", "b", Outcome.CANNOT)]
    )
    folder = written(records, tmp_path / "out")
    assert not list(folder.glob("preference.*")) and not list(folder.glob("unpaired.*"))
    about = json.loads((folder / "task.json").read_text())
    assert about["counts"]["not_judged"] == 1
