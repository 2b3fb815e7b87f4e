"""Votes: who called which item what, as three integer arrays with the words behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

import numpy as np
import numpy.typing as npt

from desktop.domain.annotation import Answer
from desktop.domain.answer_labels import label_name as label_name
from desktop.domain.answer_labels import vote_labels as vote_labels
from desktop.domain.errors import UserError
from desktop.domain.schema import AnswerValue, Question

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

NO_LABEL = -1


class Numbers(Sequence[str]):
    """The names "0", "1", ... for arrays that come without words; takes no memory."""

    def __init__(self, count: int) -> None:
        self._range = range(count)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [str(i) for i in self._range[index]]
        return str(self._range[index])

    def __len__(self) -> int:
        return len(self._range)


@dataclass(frozen=True, slots=True, eq=False)
class Votes:
    """One entry per vote; a rater may vote on an item several times, items may have no vote.

    ``item``, ``worker``, ``label`` : (v,) int64, 0-based positions in the three vocabularies.
    ``labels`` are those of the schema, not only those seen: an unused answer stays possible.
    ``gold`` : (n,) int64 known label of each item, -1 where unknown; None where nothing is known.
    Raises UserError where lengths, indices or names don't fit together.
    """

    item: Ints
    worker: Ints
    label: Ints
    items: Sequence[str]
    workers: Sequence[str]
    labels: Sequence[str]
    gold: Ints | None = None
    _per_item: list[Ints] = field(default_factory=list, init=False, repr=False)
    _per_worker: list[Ints] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("item", "worker", "label"):
            object.__setattr__(self, name, _indices(getattr(self, name), name))
        if not self.item.size == self.worker.size == self.label.size:
            raise _problem("Every vote needs an item, a rater and a label.")
        if not self.labels:
            raise _problem("The question has no answers to choose from.")
        _check_range(self.item, len(self.items), "items")
        _check_range(self.worker, len(self.workers), "raters")
        _check_range(self.label, len(self.labels), "labels")
        for words, what in ((self.items, "item"), (self.workers, "rater"), (self.labels, "label")):
            if not isinstance(words, Numbers) and len(set(words)) != len(words):
                raise _problem(f"One {what} is named twice.")
        if self.gold is not None:
            object.__setattr__(self, "gold", _indices(self.gold, "gold"))
            if self.gold.size != len(self.items):
                raise _problem("Known answers must cover every item (-1 where unknown).")
            _check_range(self.gold, len(self.labels), "labels", lowest=NO_LABEL)

    @property
    def n_votes(self) -> int:
        return int(self.item.size)

    @property
    def n_items(self) -> int:
        return len(self.items)

    @property
    def n_workers(self) -> int:
        return len(self.workers)

    @property
    def n_labels(self) -> int:
        return len(self.labels)

    def per_item(self) -> Ints:
        """(n,) how many votes each item has."""
        if not self._per_item:
            self._per_item.append(np.bincount(self.item, minlength=self.n_items))
        return self._per_item[0].copy()

    def per_worker(self) -> Ints:
        """(w,) how many votes each rater gave."""
        if not self._per_worker:
            self._per_worker.append(np.bincount(self.worker, minlength=self.n_workers))
        return self._per_worker[0].copy()

    def raters_per_item(self) -> Ints:
        """(n,) how many different raters voted on each item; repeats count once."""
        pairs = np.unique(self.item * self.n_workers + self.worker)
        return np.bincount(pairs // max(1, self.n_workers), minlength=self.n_items)

    def without_gold(self) -> Votes:
        """The same votes with nothing known."""
        return Votes(self.item, self.worker, self.label, self.items, self.workers, self.labels)

    @classmethod
    def from_arrays(
        cls,
        item: npt.ArrayLike,
        worker: npt.ArrayLike,
        label: npt.ArrayLike,
        *,
        n_items: int | None = None,
        n_workers: int | None = None,
        n_labels: int | None = None,
        gold: npt.ArrayLike | None = None,
    ) -> Votes:
        """Votes from bare indices; counts that are not given follow from the largest index."""
        items, workers, labels = (
            _indices(x, n) for x, n in ((item, "item"), (worker, "worker"), (label, "label"))
        )
        return cls(
            items,
            workers,
            labels,
            Numbers(_count(items, n_items)),
            Numbers(_count(workers, n_workers)),
            Numbers(_count(labels, n_labels)),
            None if gold is None else _indices(gold, "gold"),
        )

    @classmethod
    def from_triplets(
        cls,
        triplets: Iterable[tuple[str, str, str]],
        *,
        labels: Sequence[str] | None = None,
        gold: Mapping[str, str] | None = None,
    ) -> Votes:
        """Votes from (item id, rater id, label id); vocabularies in order of first appearance.

        ``labels`` fixes the answers (from the schema); ``gold`` gives known answers by item id and
        may name items nobody voted on. UserError for a label that is not among ``labels``.
        """
        item_of: dict[str, int] = {}
        worker_of: dict[str, int] = {}
        label_of = {name: i for i, name in enumerate(labels or ())}
        rows: list[tuple[int, int, int]] = []
        for item, worker, label in triplets:
            rows.append(
                (
                    item_of.setdefault(item, len(item_of)),
                    worker_of.setdefault(worker, len(worker_of)),
                    _label_index(label_of, label, fixed=labels is not None),
                )
            )
        known = {
            item_of.setdefault(item, len(item_of)): _label_index(
                label_of, label, fixed=labels is not None
            )
            for item, label in (gold or {}).items()
        }
        table = np.asarray(rows, dtype=np.int64).reshape(-1, 3)
        truth = None
        if known:
            truth = np.full(len(item_of), NO_LABEL, dtype=np.int64)
            truth[list(known)] = list(known.values())
        return cls(
            table[:, 0].copy(),
            table[:, 1].copy(),
            table[:, 2].copy(),
            tuple(item_of),
            tuple(worker_of),
            tuple(label_of),
            truth,
        )

    @classmethod
    def from_answers(
        cls,
        answers: Iterable[Answer],
        question: Question,
        *,
        choice: str = "",
        gold: Mapping[str, AnswerValue] | None = None,
    ) -> Votes:
        """Votes of one question of the schema; other questions and cleared answers are passed over.

        An item is what was asked about (``item_key``). A question with several possible answers
        is one yes/no question per ``choice``. Raises UserError for questions answered in numbers
        or words.
        """
        labels = vote_labels(question, choice)
        triplets = (
            (item_key(a), a.reader_id, label_name(question, a.value, choice))
            for a in answers
            if a.question_id == question.id and a.value is not None
        )
        known = {k: label_name(question, v, choice) for k, v in (gold or {}).items()}
        return cls.from_triplets(triplets, labels=labels, gold=known)


def item_key(answer: Answer) -> str:
    """The id of what an answer is about: the case, or the series or frame in it."""
    target = answer.target
    parts = [answer.case_id, target.series_id, target.frame.key if target.frame else ""]
    return "/".join(part for part in parts if part)


def _label_index(label_of: dict[str, int], label: str, *, fixed: bool) -> int:
    if fixed and label not in label_of:
        raise _problem(f"The label {label} is not among the answers of the question.")
    return label_of.setdefault(label, len(label_of))


def _indices(values: npt.ArrayLike, name: str) -> Ints:
    array = np.asarray(values)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise _problem(f"The votes' {name} must be a list of whole numbers.")
    return array.astype(np.int64, copy=False)


def _count(indices: Ints, given: int | None) -> int:
    if given is not None:
        return given
    return int(indices.max()) + 1 if indices.size else 0


def _check_range(indices: Ints, count: int, what: str, lowest: int = 0) -> None:
    if indices.size and (int(indices.min()) < lowest or int(indices.max()) >= count):
        raise _problem(f"A vote names one of the {what} that is not there.")


def _problem(detail: str) -> UserError:
    return UserError("These votes can't be counted.", detail)
