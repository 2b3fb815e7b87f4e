"""Files made to break a reader: each is refused in a sentence, and the child lives on."""

from __future__ import annotations

import random
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file
from pydicom.uid import (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from desktop.domain.contracts import Progress
from desktop.domain.errors import FileProblem
from desktop.domain.study import CalibrationSource
from desktop.imaging.checks import DEFLATED
from desktop.imaging.child import ChildPool
from desktop.imaging.facts import ImageFacts, Refusal
from desktop.imaging.header import read_dicom, read_many
from desktop.imaging.scan import scan
from tests.imaging import made

READ = "desktop.imaging.header:read_many"
DECODE = "desktop.imaging.codecs:decode_frame"
PHOTO = "desktop.imaging.photo:decode_frame"


def empty(path: Path) -> None:
    path.write_bytes(b"")


def text(path: Path) -> None:
    path.write_text("not an image, whatever the name says")


def half_header(path: Path) -> None:
    made.save(made.ct(), path)
    path.write_bytes(path.read_bytes()[:700])


def only_mark(path: Path) -> None:
    path.write_bytes(b"\0" * 128 + b"DICM")


def truncated(path: Path) -> None:
    made.save(made.ct(), path)
    path.write_bytes(path.read_bytes()[:-10])


def truncated_fragments(path: Path) -> None:
    ds = made.ct(np.zeros((64, 64), np.int16))
    ds.compress(RLELossless)
    made.save(ds, path)
    path.write_bytes(path.read_bytes()[:-60])


def huge_claim(path: Path) -> None:
    made.save(made.ct(Rows=65_535, Columns=65_535, PixelData=b"\0" * 64), path)


def large_claim(path: Path) -> None:
    made.save(made.ct(Rows=20_000, Columns=20_000, PixelData=b"\0" * 64), path)


def many_frames(path: Path) -> None:
    made.save(made.ct(NumberOfFrames=2_000_000_000), path)


def no_rows(path: Path) -> None:
    made.save(made.ct(Rows=0), path)


def wide_pixels(path: Path) -> None:
    values = np.zeros((6, 8), np.int32)
    made.save(made.ct(values, BitsStored=32, HighBit=31), path)


def contradicting_bits(path: Path) -> None:
    made.save(made.ct(BitsStored=20, HighBit=19), path)


def odd_colors(path: Path) -> None:
    made.save(made.ct(PhotometricInterpretation="CMYK"), path)


def nan_slope(path: Path) -> None:
    ds = made.ct(RescaleSlope=None)
    made.save(ds, path)
    data = path.read_bytes()
    at = data.index(struct.pack("<HH", 0x28, 0x1052))
    slope = struct.pack("<HH2sH", 0x28, 0x1053, b"DS", 4) + b"nan "
    path.write_bytes(data[:at] + slope + data[at:])


def zero_slope(path: Path) -> None:
    made.save(made.ct(RescaleSlope=0), path)


def nested(depth: int, explicit: bool = True) -> bytes:
    """Sequences in sequences, of undefined length."""
    head = b"\x08\x00\x40\x11" + (b"SQ\0\0" if explicit else b"") + b"\xff" * 4
    item = b"\xfe\xff\x00\xe0" + b"\xff" * 4
    ends = b"\xfe\xff\x0d\xe0\0\0\0\0" + b"\xfe\xff\xdd\xe0\0\0\0\0"
    return (head + item) * depth + ends * depth


def deep(path: Path) -> None:
    made.raw_file(path, ExplicitVRLittleEndian, nested(240))


def very_deep(path: Path) -> None:
    made.raw_file(path, ImplicitVRLittleEndian, nested(100_000, explicit=False))


def deep_with_lengths(path: Path) -> None:
    body = b""
    for _ in range(60):
        item = struct.pack("<HHI", 0xFFFE, 0xE000, len(body)) + body
        body = struct.pack("<HHI", 0x0008, 0x1140, len(item)) + item
    made.raw_file(path, ImplicitVRLittleEndian, body)


def many_items(path: Path) -> None:
    head = b"\x08\x00\x40\x11SQ\0\0" + b"\xff" * 4
    made.raw_file(path, ExplicitVRLittleEndian, head + b"\xfe\xff\x00\xe0\0\0\0\0" * 1_000_000)


def deflate_bomb(path: Path) -> None:
    machine = zlib.compressobj(9, wbits=-15)
    block = machine.compress(bytes(1 << 24)) + machine.flush(zlib.Z_FULL_FLUSH)
    made.raw_file(path, DEFLATED, block * 64 + machine.flush())  # a gigabyte of zeros


def deflate_rubbish(path: Path) -> None:
    made.raw_file(path, DEFLATED, b"\xff\x00rubbish" * 20)


def rle_65535(path: Path) -> None:
    stream = struct.pack("<16I", 1, 64, *[0] * 14) + b"\x81\x00" * 200
    ds = made.ct(np.zeros((4, 4), np.uint8))
    made.save(made.compressed(ds, RLELossless, [stream], Rows=65_535, Columns=65_535), path)


def rle_30000(path: Path) -> None:
    """Below the limit of size: the stream itself can't fill the image."""
    stream = struct.pack("<16I", 1, 64, *[0] * 14) + b"\x81\x00" * 200
    ds = made.ct(np.zeros((4, 4), np.uint8))
    made.save(made.compressed(ds, RLELossless, [stream], Rows=30_000, Columns=30_000), path)


def rle_segments(path: Path) -> None:
    stream = struct.pack("<16I", 9, *[64] * 15) + bytes(64)
    made.save(made.compressed(made.ct(), RLELossless, [stream]), path)


def codestream(syntax: str, stream: bytes) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        ds = made.ct(np.zeros((16, 16), np.uint8))
        made.save(made.compressed(ds, syntax, [stream]), path)

    return make


def no_transfer_syntax(path: Path) -> None:
    made.save(made.ct(), path)
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<HH", 2, 0x10), struct.pack("<HH", 2, 0x99), 1))


def unknown_syntax(path: Path) -> None:
    made.save(made.ct(), path)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.9.9\0", 1))


def jpip(path: Path) -> None:
    stream = made.jpeg2000_stub(16, 16)
    ds = made.ct(np.zeros((16, 16), np.uint8))
    made.save(made.compressed(ds, "1.2.840.10008.1.2.4.94", [stream]), path)


def video(path: Path) -> None:
    ds = made.ct(np.zeros((16, 16, 3), np.uint8))
    made.save(made.compressed(ds, "1.2.840.10008.1.2.4.102", [bytes(64)]), path)


def float_pixels(path: Path) -> None:
    ds = made.ct(PixelData=None)
    ds.FloatPixelData = bytes(6 * 8 * 4)
    made.save(ds, path)


def no_pixels(path: Path) -> None:
    made.save(made.ct(PixelData=None), path)


def slide(path: Path) -> None:
    kind = "1.2.840.10008.5.1.4.1.1.77.1.6"
    values = np.zeros((2, 6, 8), np.int16)
    made.save(
        made.ct(values[0], SOPClassUID=kind, NumberOfFrames=2, PixelData=values.tobytes()), path
    )


def report(path: Path) -> None:
    made.save(made.ct(SOPClassUID="1.2.840.10008.5.1.4.1.1.88.33", PixelData=None), path)


def pdf(path: Path) -> None:
    made.save(made.ct(SOPClassUID="1.2.840.10008.5.1.4.1.1.104.1", PixelData=None), path)


def structures(path: Path) -> None:
    made.save(made.ct(SOPClassUID="1.2.840.10008.5.1.4.1.1.481.3", PixelData=None), path)


def huge_fragment(path: Path) -> None:
    """A pixel item that claims almost 4 GB."""
    ds = made.compressed(
        made.ct(np.zeros((16, 16), np.uint8)), JPEGBaseline8Bit, [b"\xff\xd8\xff\xd9"]
    )
    made.save(ds, path)
    data = path.read_bytes()
    at = data.rindex(b"\xfe\xff\x00\xe0") + 4
    path.write_bytes(data[:at] + b"\xf0\xff\xff\xff" + data[at + 4 :])


def png_bomb(path: Path) -> None:
    """A PNG of 30,000 × 30,000 black and white pixels in about 100 KB."""
    rows = zlib.compress(bytes(30_000 * (1 + 3_750)), 9)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", 30_000, 30_000, 1, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def png_cut(path: Path) -> None:
    path.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR")


BAD = [
    (empty, "empty"),
    (text, "neither DICOM nor an image"),
    (half_header, "ends in the middle|ends before|no pixels|damaged"),
    (only_mark, "how its pixels are stored"),
    (truncated, "ends before its pixels do"),
    (truncated_fragments, "ends before its pixels do"),
    (huge_claim, "GB is the limit"),
    (large_claim, "ends before its pixels do"),
    (many_frames, "2000000000 frames"),
    (no_rows, "no image size"),
    (wide_pixels, "32 bits"),
    (contradicting_bits, "bits contradict"),
    (odd_colors, "CMYK"),
    (nan_slope, "rescale slope"),
    (zero_slope, "rescale slope"),
    (deep, "nested more than 32"),
    (very_deep, "nested more than 32"),
    (deep_with_lengths, "nested more than 32"),
    (many_items, "sequence items"),
    (deflate_bomb, "unpacks to more than 512 MB"),
    (deflate_rubbish, "damaged|no pixels|middle of its header"),
    (rle_65535, "GB is the limit"),
    (rle_segments, "different numbers"),
    (codestream(JPEG2000Lossless, made.jpeg2000_stub(60_000, 60_000)), "60000 × 60000"),
    (codestream(JPEG2000Lossless, made.jpeg2000_stub(16, 16)[:20]), "JPEG 2000 header"),
    (codestream(JPEGBaseline8Bit, made.jpeg_stub(65_500, 65_500)), "65500 × 65500"),
    (codestream(JPEGLSLossless, made.jpeg_stub(65_535, 65_535, 0xF7)), "65535 × 65535"),
    (codestream(JPEGBaseline8Bit, b"rubbish!"), "do not start as JPEG"),
    (no_transfer_syntax, "how its pixels are stored"),
    (unknown_syntax, "not read here"),
    (jpip, "on a server"),
    (video, "video"),
    (float_pixels, "floating-point"),
    (no_pixels, "no pixels"),
    (slide, "slide in tiles"),
    (report, "structured report"),
    (pdf, "PDF"),
    (structures, "structure set"),
    (huge_fragment, "ends before its pixels do"),
    (png_bomb, "million"),
    (png_cut, "damaged|can't be read"),
]


@pytest.mark.parametrize("make, words", BAD, ids=lambda v: getattr(v, "__name__", None))
def test_refused_in_words_and_the_child_lives_on(
    make: Callable[[Path], None], words: str, pool: ChildPool, tmp_path: Path
) -> None:
    path = tmp_path / "image.dcm"
    make(path)
    before = pool.run("os:getpid")
    (answer,) = pool.run(READ, [str(path)], timeout_s=30)
    assert isinstance(answer, Refusal)
    assert re.search(words, answer.reason), answer.reason
    assert answer.reason.endswith(".") and str(tmp_path) not in answer.reason
    assert pool.run("os:getpid") == before


@pytest.mark.parametrize(
    "make",
    [
        truncated,
        huge_claim,
        deep,
        deflate_bomb,
        rle_65535,
        rle_30000,
        codestream(JPEG2000Lossless, made.jpeg2000_stub(60_000, 60_000)),
        codestream(JPEG2000Lossless, made.jpeg2000_stub(16, 16)),
        codestream(JPEGBaseline8Bit, made.jpeg_stub(65_500, 65_500)),
        codestream(JPEGBaseline8Bit, made.jpeg_stub(16, 16)[:-12]),
        codestream(JPEGLSLossless, made.jpeg_stub(16, 16, 0xF7)),
    ],
)
def test_decoding_a_bad_file_without_the_import_is_safe_too(
    make: Callable[[Path], None], pool: ChildPool, tmp_path: Path
) -> None:
    path = tmp_path / "image.dcm"
    make(path)
    with pytest.raises(FileProblem):
        pool.run(DECODE, str(path), 0, timeout_s=30)
    assert pool.run("os:getpid") > 0


def test_a_file_that_vanished(pool: ChildPool, tmp_path: Path) -> None:
    (answer,) = pool.run(READ, [str(tmp_path / "gone.dcm")])
    assert answer.reason == "It is not where it was."
    with pytest.raises(FileProblem, match="not where it was"):
        pool.run(DECODE, str(tmp_path / "gone.dcm"), 0)


@pytest.mark.parametrize(
    "spacing", ["0\\0", "0.5\\-1", "nan\\nan", "1e400\\1", "0.5", "a\\b", "1\\2\\3"]
)
def test_a_spacing_that_makes_no_sense_is_no_calibration(spacing: str, tmp_path: Path) -> None:
    path = made.save(made.ct(PixelSpacing=None), tmp_path / "a.dcm")
    data = path.read_bytes()
    text = spacing.encode() + b" " * (len(spacing) % 2)
    at = data.index(struct.pack("<HH", 0x28, 0x0100))
    element = struct.pack("<HH2sH", 0x28, 0x30, b"DS", len(text)) + text
    path.write_bytes(data[:at] + element + data[at:])
    facts = read_dicom(str(path))
    assert facts.spacing_mm is None and facts.calibration is CalibrationSource.NONE


@pytest.mark.parametrize(
    "position, orientation",
    [
        ("nan\\0\\0", "1\\0\\0\\0\\1\\0"),
        ("0\\0", "1\\0\\0\\0\\1\\0"),
        ("0\\0\\0", "0\\0\\0\\0\\0\\0"),
        ("0\\0\\0", "1\\0\\0\\1\\0\\0"),
        ("0\\0\\0", "2\\0\\0\\0\\2\\0"),
        ("1e300\\0\\0", "1\\0\\0\\0\\1\\0"),
    ],
)
def test_a_plane_that_makes_no_sense_is_no_plane(
    position: str, orientation: str, tmp_path: Path
) -> None:
    ds = made.ct(ImagePositionPatient=None, ImageOrientationPatient=None)
    path = made.save(ds, tmp_path / "a.dcm")
    data = path.read_bytes()
    at = data.index(struct.pack("<HH", 0x20, 0x0052))
    added = b""
    for element, value in ((0x32, position), (0x37, orientation)):
        text = value.encode() + b" " * (len(value) % 2)
        added += struct.pack("<HH2sH", 0x20, element, b"DS", len(text)) + text
    path.write_bytes(data[:at] + added + data[at:])
    assert read_dicom(str(path)).planes == ()


def test_an_infinite_window_is_dropped(tmp_path: Path) -> None:
    ds = made.ct(WindowCenter=[40, 50], WindowWidth=[400, 0])
    facts = read_dicom(str(made.save(ds, tmp_path / "a.dcm")))
    assert [(w.center, w.width) for w in facts.windows] == [(40.0, 400.0)]


def test_a_wrong_suffix_is_found_by_content(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("L", (5, 4), 7).save(tmp_path / "really.png")
    (tmp_path / "really.png").rename(tmp_path / "called.dcm")
    made.save(made.ct(), tmp_path / "called.jpg")
    photo, dicom = read_many([str(tmp_path / "called.dcm"), str(tmp_path / "called.jpg")])
    assert isinstance(photo, ImageFacts) and photo.media == "image"
    assert isinstance(dicom, ImageFacts) and dicom.media == "dicom"


def test_a_file_that_stops_the_child_does_not_take_the_others_along(
    pool: ChildPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch is read again one by one, and the culprit is named."""
    made.save_all(made.stack(5), tmp_path)
    (tmp_path / "0002.dcm").write_bytes(b"stop")
    monkeypatch.setattr("desktop.imaging.scan.READ_MANY", f"{__name__}:read_or_die")
    result = scan([tmp_path], pool, key=b"k", progress=Progress())
    assert len(result.instances) == 4
    assert [r.path.name for r in result.refused] == ["0002.dcm"]
    assert "stopped on this file" in result.refused[0].reason
    assert result.series[0].warnings and "Missing slice" in result.series[0].warnings[0]


def test_a_fault_of_the_reader_is_named_and_the_others_are_taken(
    pool: ChildPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.save_all(made.stack(3), tmp_path)
    (tmp_path / "0001.dcm").write_bytes(b"fault")
    monkeypatch.setattr("desktop.imaging.scan.READ_MANY", f"{__name__}:read_or_stumble")
    result = scan([tmp_path], pool, key=b"k", progress=Progress())
    assert len(result.instances) == 2
    assert "A fault of this program" in result.refused[0].reason


def read_or_stumble(paths: list[str]) -> list[ImageFacts | Refusal]:
    if any(Path(path).read_bytes() == b"fault" for path in paths):
        raise ZeroDivisionError
    return read_many(paths)


def _mutants(count: int) -> list[bytes]:
    """Packaged files with one to eight random edits each, always the same ones."""
    names = (
        "CT_small.dcm",
        "MR_small_RLE.dcm",
        "MR_small_jp2klossless.dcm",
        "SC_rgb_jpeg_dcmtk.dcm",
        "SC_rgb_jpeg_gdcm.dcm",
        "examples_palette.dcm",
        "image_dfl.dcm",
    )
    rng = random.Random(11)
    seeds = [Path(str(get_testdata_file(name))).read_bytes() for name in names]
    found = []
    for _ in range(count):
        data = bytearray(rng.choice(seeds))
        for _ in range(rng.randint(1, 8)):
            at = rng.randrange(132, rng.choice((2500, len(data) - 20)))
            match rng.randrange(4):
                case 0:
                    data[at] ^= 1 << rng.randrange(8)
                case 1:
                    data[at : at + 4] = rng.choice((b"\xff" * 4, bytes(4), b"\xfe\xff\x00\xe0"))
                case 2:
                    del data[at : at + rng.randint(1, 16)]
                case _:
                    data[at:at] = rng.randbytes(rng.randint(1, 16))
        found.append(bytes(data))
    return found


def test_mutants_are_read_or_refused_in_words(pool: ChildPool, tmp_path: Path) -> None:
    """No edit of a sound file surfaces as a bug of the program, or ends the child for good."""
    ends = {"refused": 0, "problem": 0, "read": 0}
    for number, data in enumerate(_mutants(300)):
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(data)
        try:
            (facts,) = pool.run(READ, [str(path)])
            if isinstance(facts, Refusal):
                ends["refused"] += 1
                continue
            pixels, _ = pool.run(DECODE, str(path), facts.frame_count - 1)
        except FileProblem:
            ends["problem"] += 1
            continue
        assert pixels.shape[:2] == (facts.rows, facts.columns)
        ends["read"] += 1
    assert min(ends.values()) > 5, ends  # the edits reach headers and pixels


def read_or_die(paths: list[str]) -> list[ImageFacts | Refusal]:
    import os

    if any(Path(path).read_bytes() == b"stop" for path in paths):
        os.abort()
    return read_many(paths)
