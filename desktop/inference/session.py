"""Model files in the child process: read once, checked by their hash, run on the CPU.

Child side only. A file is read whole, hashed, looked through and run from those very bytes, so
nothing can be exchanged between the check and the run.
"""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from desktop.domain.errors import ModelProblem
from desktop.inference.onnx_file import check_whole

LARGEST_BYTES = 1 << 30
_PROVIDERS = ["CPUExecutionProvider"]  # by name: never "all there are"
_KEPT = 3
_TYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(bool)": np.bool_,
}


@dataclass(frozen=True)
class Tensor:
    """An input or output: its name, kind, and size per axis (0: any)."""

    name: str
    kind: str
    shape: tuple[int, ...]

    @property
    def words(self) -> str:
        sizes = "×".join(str(s) if s else "any" for s in self.shape)
        return f"{self.name} ({sizes or 'one number'})"


@dataclass(frozen=True)
class ModelFacts:
    """What a model file says of itself."""

    sha256: str
    size: int
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    def input_named(self, name: str) -> Tensor | None:
        return next((t for t in self.inputs if t.name == name), None)

    def names(self) -> set[str]:
        return {t.name for t in self.inputs}

    def output_names(self) -> set[str]:
        return {t.name for t in self.outputs}


@dataclass
class _Loaded:
    facts: ModelFacts
    session: Any


_loaded: OrderedDict[str, _Loaded] = OrderedDict()


def warm_up() -> None:
    """Load the runtime before the memory limit is set."""
    import onnxruntime  # noqa: F401


def describe(path: str, sha256: str = "") -> ModelFacts:
    """What a file asks for and gives; ModelProblem where it is refused."""
    return _load(path, sha256).facts


def run(
    path: str, sha256: str, feeds: Mapping[str, np.ndarray], outputs: Sequence[str] = ()
) -> dict[str, np.ndarray]:
    """Run a trusted model once.

    Raises
    ------
    ModelProblem
        The file has changed, names or sizes don't fit, it failed, or it gave NaN.
    MemoryError
        It needs more than the child may use.
    """
    loaded = _load(path, sha256)
    ready = _fitting(loaded.facts, feeds)
    known = loaded.facts.output_names()
    if missing := [name for name in outputs if name not in known]:
        raise ModelProblem(
            "The model does not give what its card says.",
            f"It has no output {', '.join(missing)}; it has {', '.join(sorted(known))}.",
            "Correct the card.",
        )
    wanted = list(outputs) or [t.name for t in loaded.facts.outputs]
    try:
        found = loaded.session.run(wanted, ready)
    except MemoryError:
        raise
    except Exception as error:
        raise _failed(error) from error
    if odd := [n for n, value in zip(wanted, found, strict=True) if not _is_numbers(value)]:
        raise ModelProblem(
            "The model gave no usable numbers.", f"Its output {odd[0]} is no table of numbers."
        )
    answer = {name: np.ascontiguousarray(value) for name, value in zip(wanted, found, strict=True)}
    for name, value in answer.items():
        if value.dtype.kind == "f" and bool(np.isnan(value).any()):
            raise ModelProblem(
                "The model gave no usable numbers.", f"There is NaN in its output {name}."
            )
    return answer


def _is_numbers(value: object) -> bool:
    """Not texts, nor a list of maps as some converters make it."""
    return isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "fiub"


def _load(path: str, sha256: str) -> _Loaded:
    if sha256 and sha256 in _loaded and _unchanged(path, _loaded[sha256].facts):
        _loaded.move_to_end(sha256)
        return _loaded[sha256]
    data = _read(Path(path))
    found = hashlib.sha256(data).hexdigest()
    if sha256 and found != sha256:
        raise ModelProblem(
            "This model file has changed since it was added.",
            f"Its SHA-256 is now {found[:12]}, it was {sha256[:12]}.",
            "Add it again to trust what it is now.",
        )
    check_whole(data)
    loaded = _opened(data, found)
    _loaded[found] = loaded
    while len(_loaded) > _KEPT:
        _loaded.popitem(last=False)
    return loaded


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > LARGEST_BYTES:
            raise ModelProblem(
                "This model file is too large.",
                f"It has {size / 1e9:.1f} GB; {LARGEST_BYTES / 1e9:.1f} GB are allowed.",
            )
        return path.read_bytes()
    except OSError as error:
        raise ModelProblem("The model file can't be read.", error.strerror or "") from error


def _unchanged(path: str, facts: ModelFacts) -> bool:
    """Whether the file still is the one loaded; its bytes are hashed again each time."""
    data = _read(Path(path))
    return len(data) == facts.size and hashlib.sha256(data).hexdigest() == facts.sha256


def _opened(data: bytes, sha256: str) -> _Loaded:
    try:
        import onnxruntime
    except ImportError as error:
        raise ModelProblem(
            "Models can't be run on this machine.",
            "onnxruntime is not installed.",
            'Install Reading Room with the extra "ai".',
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = max(1, min(4, os.cpu_count() or 1))
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.use_deterministic_compute = True
    try:
        session = onnxruntime.InferenceSession(data, options, providers=_PROVIDERS)
    except MemoryError:
        raise
    except Exception as error:
        raise _refused(error) from error
    facts = ModelFacts(
        sha256, len(data), _tensors(session.get_inputs()), _tensors(session.get_outputs())
    )
    return _Loaded(facts, session)


def _tensors(found: Sequence[Any]) -> tuple[Tensor, ...]:
    return tuple(
        Tensor(t.name, t.type, tuple(s if isinstance(s, int) else 0 for s in t.shape or ()))
        for t in found
    )


def _fitting(facts: ModelFacts, feeds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The feeds with the types that the model wants; ModelProblem in words where they don't fit."""
    if set(feeds) != facts.names():
        raise ModelProblem(
            "The model does not fit its card.",
            f"It wants {', '.join(t.words for t in facts.inputs)}; "
            f"it would be given {', '.join(sorted(feeds))}.",
            "Correct the card, or choose another model.",
        )
    ready: dict[str, np.ndarray] = {}
    for tensor in facts.inputs:
        value, kind = feeds[tensor.name], _TYPES.get(tensor.kind)
        fits = len(tensor.shape) == value.ndim and all(
            want in (0, have) for want, have in zip(tensor.shape, value.shape, strict=True)
        )
        if not fits or kind is None:
            given = "×".join(str(n) for n in value.shape)
            raise ModelProblem(
                "The image does not fit the model.",
                f"It wants {tensor.words} as {tensor.kind}; it would be given {given}.",
                "Correct the size or layout on the model's card.",
            )
        ready[tensor.name] = np.ascontiguousarray(value, dtype=kind)
    return ready


def _refused(error: Exception) -> Exception:
    if _is_memory(error):
        return MemoryError()
    return ModelProblem(
        "This file is not a model that can be run.", _short(error), "Choose another file."
    )


def _failed(error: Exception) -> Exception:
    if _is_memory(error):
        return MemoryError()
    return ModelProblem("The model stopped with an error.", _short(error))


def _is_memory(error: Exception) -> bool:
    text = str(error).lower()
    return "bad_alloc" in text or "failed to allocate memory" in text or "bad allocation" in text


def _short(error: Exception) -> str:
    """The runtime's own words, without paths and on one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:160]}"
