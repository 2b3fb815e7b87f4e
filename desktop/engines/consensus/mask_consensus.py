"""One mask from many: majority, weighted vote and STAPLE, always beside the plain majority."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from desktop.domain.contracts import Progress
from desktop.domain.errors import PluginProblem, UserError
from desktop.engines.consensus.majority import pick
from desktop.engines.consensus.mask_patterns import (
    MARGIN,
    MaskStack,
    Patterns,
    find_patterns,
    pairwise_dice,
)
from desktop.engines.consensus.staple import multi_label_staple, staple, vote_shares
from desktop.engines.votes import Floats, Ints

MAX_ROUNDS = 20
SIMILAR_DICE = 0.8
ENOUGH_EXPERTS = 4
NOT_MARKED = -9  # equals no label


@dataclass(frozen=True, kw_only=True, eq=False)
class MaskOptions:
    """``margin`` : voxels of field of view around the union, None for the whole image.
    ``prior`` : foreground share of binary STAPLE, None for the raters' mean.
    ``outlier_sd`` : the weighted vote drops a rater whose Dice is this many standard deviations
    below the mean."""

    method: str = "staple"
    margin: int | None = MARGIN
    prior: float | None = None
    max_iterations: int = 1000
    outlier_sd: float = 1.5


@dataclass(frozen=True, kw_only=True, eq=False)
class MaskEstimate:
    """What a method found for each pattern: ``probability`` (P, K); ``confusion`` (R, K, K)
    [rater, truth, said] or None to have it counted against the result; ``weights`` (R,) or None."""

    probability: Floats
    confusion: Floats | None = None
    weights: Floats | None = None
    prior: Floats | None = None
    trace: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()


class MaskMethod(Protocol):
    """A way to one mask. It sees patterns, never voxels."""

    name: str
    title: str
    summary: str

    def estimate(
        self, patterns: Patterns, options: MaskOptions, progress: Progress
    ) -> MaskEstimate: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class MaskConsensus:
    """The consensus; pixels are made slice by slice when asked for.

    ``probability`` : (P, K) of each pattern of ``patterns``; ``label`` : (P,) int64, -1 where
    undecided (tied). ``majority_label`` : the same by plain counting. ``undecided_voxels`` are
    background in ``label_slice`` and shown by ``undecided_slice``.
    ``confusion`` : (R, K, K) [rater, truth, said]. ``sensitivity`` (R,): P(marked | object),
    ``specificity`` (R,): P(not marked | background), within the field of view.
    ``dice`` : (R,) of each rater with the result. NaN where something is not defined.
    """

    method: str
    title: str
    stack: MaskStack
    patterns: Patterns
    probability: Floats
    label: Ints
    majority_label: Ints
    majority_share: Floats
    confusion: Floats
    dice: Floats
    weights: Floats | None
    prior: Floats | None
    trace: tuple[float, ...]
    notes: tuple[str, ...]
    undecided_voxels: int
    differing_voxels: int = field(default=0)

    @property
    def sensitivity(self) -> Floats:
        """(R,) share of the object's voxels that a rater marked (for K > 2: with any label)."""
        if self.confusion.shape[1] == 2:
            return np.asarray(self.confusion[:, 1, 1])
        weight = self._truth_weight()[1:]
        total = weight.sum()
        marked = 1 - self.confusion[:, 1:, 0]
        return np.asarray(np.nan_to_num(marked) @ weight / (total if total > 0 else np.nan))

    @property
    def specificity(self) -> Floats:
        return np.asarray(self.confusion[:, 0, 0])

    def label_slice(self, z: int) -> npt.NDArray[np.uint8]:
        """(rows, columns) uint8 labels of slice z, undecided voxels as background."""
        return self._look_up(z, np.maximum(self.label, 0).astype(np.uint8))

    def majority_slice(self, z: int) -> npt.NDArray[np.uint8]:
        """(rows, columns) uint8 labels by plain majority, undecided voxels as background."""
        return self._look_up(z, np.maximum(self.majority_label, 0).astype(np.uint8))

    def undecided_slice(self, z: int) -> npt.NDArray[np.bool_]:
        """(rows, columns) bool, where two labels are equally likely."""
        return self._look_up(z, self.label < 0)

    def probability_slice(self, z: int, label: int = 1) -> npt.NDArray[np.float32]:
        """(rows, columns) float32 probability of a label in slice z."""
        return self._look_up(z, self.probability[:, label].astype(np.float32))

    def label_slices(self) -> Iterator[npt.NDArray[np.uint8]]:
        """All slices in order, one at a time."""
        return (self.label_slice(z) for z in range(self.stack.shape[0]))

    def volume(self) -> npt.NDArray[np.uint8]:
        """(slices, rows, columns) uint8 labels; as large as one rater's mask."""
        return self._all(np.maximum(self.label, 0).astype(np.uint8))

    def probability_volume(self, label: int = 1) -> npt.NDArray[np.float32]:
        """(slices, rows, columns) float32."""
        return self._all(self.probability[:, label].astype(np.float32))

    def _all(self, per_pattern: npt.NDArray[Any]) -> npt.NDArray[Any]:
        out = np.empty(self.stack.shape, dtype=per_pattern.dtype)
        for z in range(self.stack.shape[0]):
            out[z] = self._look_up(z, per_pattern)
        return out

    def _look_up(self, z: int, per_pattern: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return self.patterns.apply(self.stack, z, per_pattern)

    def _truth_weight(self) -> Floats:
        return np.asarray(self.patterns.counts @ self.probability)


_registered: dict[str, MaskMethod] = {}


def register(method: MaskMethod) -> MaskMethod:
    """Add a method; built-ins and plugins come in the same way."""
    known = _registered.get(method.name)
    if known is not None and type(known) is not type(method):
        raise PluginProblem("Two mask consensus methods have the same name.", method.name)
    _registered[method.name] = method
    return method


def unregister(name: str) -> None:
    """Take a method out again."""
    _registered.pop(name, None)


def methods() -> tuple[MaskMethod, ...]:
    """All methods, in the order they were registered."""
    for built_in in (MajorityMask, WeightedMask, StapleMask):
        _registered.setdefault(built_in.name, built_in())
    return tuple(_registered.values())


def recommended(patterns: Patterns) -> tuple[str, str]:
    """The method to begin with, and why. Both are always shown."""
    n_raters = patterns.labels.shape[1]
    if n_raters < 3:
        return "majority", "With fewer than three readers nothing can be learned about them."
    pairs = pairwise_dice(patterns)[np.triu_indices(n_raters, 1)]
    known = pairs[~np.isnan(pairs)]
    if n_raters >= ENOUGH_EXPERTS and known.size and float(known.min()) >= SIMILAR_DICE:
        return "majority", (
            f"{n_raters} readers agree well (each two with a Dice of {known.min():.2f} or more)."
        )
    return "staple", "Readers differ; STAPLE weighs each by how well they do."


def fuse_masks(
    stack: MaskStack, options: MaskOptions | None = None, progress: Progress | None = None
) -> MaskConsensus:
    """The consensus of a stack by the method that the options name.

    One pass over the slices; pixels are read again when the result's slices are asked for.
    Raises UserError for an unknown method or masks that don't fit, Cancelled when stopped.
    """
    options, progress = options or MaskOptions(), progress or Progress()
    method = {m.name: m for m in methods()}.get(options.method)
    if method is None:
        raise UserError("This mask consensus method is not known.", options.method)
    patterns = find_patterns(stack, margin=options.margin, progress=progress)
    found = method.estimate(patterns, options, progress)
    if found.probability.shape != (len(patterns.counts), patterns.n_labels):
        raise PluginProblem("A mask consensus method gave a result of the wrong size.", method.name)
    label, tied = pick(found.probability)
    share = vote_shares(patterns)
    majority_label, _ = pick(share)
    confusion = _confusion(patterns, label) if found.confusion is None else found.confusion
    undecided = int(patterns.counts[tied].sum())
    notes = list(found.notes)
    if undecided:
        notes.append(f"{undecided:,} voxels are undecided and left as background.")
    if not patterns.labels.any():
        notes.append("No rater marked anything.")
    return MaskConsensus(
        method=method.name,
        title=method.title,
        stack=stack,
        patterns=patterns,
        probability=found.probability,
        label=label,
        majority_label=majority_label,
        majority_share=share,
        confusion=confusion,
        dice=_dice(patterns, label),
        weights=found.weights,
        prior=found.prior,
        trace=found.trace,
        notes=tuple(notes),
        undecided_voxels=undecided,
        differing_voxels=int(patterns.counts[label != majority_label].sum()),
    )


class MajorityMask:
    name = "majority"
    title = "Majority"
    summary = "More than half of the readers (of several labels: the most)."

    def estimate(
        self, patterns: Patterns, options: MaskOptions, progress: Progress
    ) -> MaskEstimate:
        return MaskEstimate(probability=vote_shares(patterns))


class WeightedMask:
    """A vote weighted by each rater's Dice with the current result; outliers are dropped.

    Source: the idea of SIMPLE, Langerak et al. 2010, IEEE TMI 29(12), doi:10.1109/TMI.2010.2057442.
    """

    name = "weighted"
    title = "Weighted vote"
    summary = "Raters count by how well they fit the others; far outliers don't count."

    def estimate(
        self, patterns: Patterns, options: MaskOptions, progress: Progress
    ) -> MaskEstimate:
        n_raters = patterns.labels.shape[1]
        weights, notes = np.ones(n_raters), []
        keep = np.ones(n_raters, dtype=np.bool_)
        share = vote_shares(patterns)
        for _ in range(MAX_ROUNDS):
            progress.check()
            fits = np.nan_to_num(_dice(patterns, pick(share)[0]))
            kept = fits[keep]
            if keep.sum() > 2 and kept.std() > 1e-9:
                low = kept.mean() - options.outlier_sd * kept.std()
                keep &= fits >= low - 1e-12
            new = np.where(keep, fits, 0.0)
            if new.sum() <= 0:  # nobody overlaps: count heads
                new = np.ones(n_raters)
            settled = bool(np.allclose(new, weights, atol=1e-12, rtol=0))
            weights, share = new, vote_shares(patterns, new)
            if settled:
                break
        if not keep.all():
            names = ", ".join(patterns.raters[i] for i in np.flatnonzero(~keep).tolist())
            notes.append(f"Left out because they fit the others badly: {names}.")
        return MaskEstimate(probability=share, weights=weights, notes=tuple(notes))


class StapleMask:
    name = "staple"
    title = "STAPLE"
    summary = "Learns each reader's sensitivity and specificity with the mask."

    def estimate(
        self, patterns: Patterns, options: MaskOptions, progress: Progress
    ) -> MaskEstimate:
        if patterns.n_labels == 2:
            found = staple(
                patterns,
                prior=options.prior,
                max_iterations=options.max_iterations,
                progress=progress,
            )
        else:
            found = multi_label_staple(
                patterns, max_iterations=options.max_iterations, progress=progress
            )
        around = (
            "the whole image"
            if patterns.margin is None
            else f"the union of all masks and {patterns.margin} voxels around it"
        )
        note = f"The prior is the readers' mean share of foreground in {around}."
        if options.prior is not None and patterns.n_labels == 2:
            note = "The prior share of foreground was given."
        return MaskEstimate(
            probability=found.probability,
            confusion=found.confusion,
            prior=found.prior,
            trace=found.trace,
            notes=(note,),
        )


def _confusion(patterns: Patterns, label: Ints) -> Floats:
    """(R, K, K) shares of what each rater said where the result says what; NaN rows if nowhere."""
    n_labels, truth = patterns.n_labels, np.maximum(label, 0)
    out = np.zeros((patterns.labels.shape[1], n_labels, n_labels))
    for r, said in enumerate(patterns.labels.T):
        np.add.at(out[r], (truth, said), patterns.counts)
    total = out.sum(axis=2, keepdims=True)
    return np.where(total > 0, out / np.where(total > 0, total, 1.0), np.nan)


def _dice(patterns: Patterns, label: Ints) -> Floats:
    """(R,) Dice of each rater's foreground with the result's; NaN where both are empty."""
    result = label > 0
    marked = patterns.labels != 0
    same = patterns.labels == np.where(result, label, NOT_MARKED)[:, None]
    both = patterns.counts @ same
    total = patterns.counts @ marked + patterns.counts @ result
    return np.where(total > 0, 2 * both / np.where(total > 0, total, 1), np.nan)
