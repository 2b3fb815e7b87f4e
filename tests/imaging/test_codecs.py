"""Pixels: every transfer syntax against a second decoder, colour models against numbers."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pydicom import Dataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.pixels import apply_color_lut, convert_color_space, get_decoder
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from desktop.domain.errors import FileProblem
from desktop.imaging.codecs import decode_frame
from desktop.imaging.frame import pixels_sha256
from desktop.imaging.header import read_dicom, read_many
from tests.imaging import made

pytestmark = pytest.mark.filterwarnings("ignore:.*:UserWarning:pydicom")


def packaged(name: str) -> str:
    """A file of pydicom's or pydicom-data's wheels."""
    found = get_testdata_file(name)
    assert found is not None, name
    return str(found)


def second_opinion(path: str, index: int, plugin: str) -> npt.NDArray[Any]:
    """The frame by another decoder, as grey values or RGB."""
    ds = dcmread(path)
    array, meta = get_decoder(ds.file_meta.TransferSyntaxUID).as_array(
        ds, index=index, decoding_plugin=plugin, raw=False
    )
    if meta["photometric_interpretation"] == "PALETTE COLOR":
        array = apply_color_lut(array, ds)
        return (array >> 8).astype(np.uint8) if array.dtype.itemsize == 2 else array
    return array


LOSSLESS = [
    # native
    ("CT_small.dcm", ""),
    ("MR_small.dcm", ""),
    ("MR_small_implicit.dcm", ""),
    ("MR_small_bigendian.dcm", ""),
    ("MR_small_padded.dcm", ""),
    ("image_dfl.dcm", ""),
    ("examples_rgb_color.dcm", ""),
    ("examples_palette.dcm", ""),
    ("examples_overlay.dcm", ""),
    ("ExplVR_BigEnd.dcm", ""),
    ("SC_rgb_small_odd.dcm", ""),
    ("SC_ybr_full_422_uncompressed.dcm", ""),
    ("OBXXXX1A_2frame.dcm", ""),
    ("OBXXXX1A_expb_2frame.dcm", ""),
    ("emri_small_big_endian.dcm", ""),
    ("eCT_Supplemental.dcm", ""),
    # run lengths
    ("MR_small_RLE.dcm", "pydicom"),
    ("SC_rgb_rle.dcm", "pydicom"),
    ("SC_rgb_rle_2frame.dcm", "pydicom"),
    ("OBXXXX1A_rle_2frame.dcm", "pydicom"),
    ("emri_small_RLE.dcm", "pydicom"),
    # JPEG lossless
    ("JPEG-LL.dcm", "gdcm"),
    ("JPGLosslessP14SV1_1s_1f_8b.dcm", "gdcm"),
    ("SC_rgb_jpeg_gdcm.dcm", "gdcm"),
    # JPEG-LS
    ("MR_small_jpeg_ls_lossless.dcm", "gdcm"),
    ("JPEGLSNearLossless_08.dcm", "gdcm"),
    ("JPEGLSNearLossless_16.dcm", "gdcm"),
    ("SC_rgb_jls_lossy_line.dcm", "gdcm"),
    ("SC_rgb_jls_lossy_sample.dcm", "gdcm"),
    ("emri_small_jpeg_ls_lossless.dcm", "gdcm"),
    # JPEG 2000
    ("MR_small_jp2klossless.dcm", "gdcm"),
    ("emri_small_jpeg_2k_lossless.dcm", "gdcm"),
    ("J2K_pixelrep_mismatch.dcm", "gdcm"),
    ("693_J2KR.dcm", "gdcm"),
    ("RG1_J2KR.dcm", "gdcm"),
    ("US1_J2KR.dcm", "gdcm"),
    ("examples_jpeg2k.dcm", "gdcm"),
    ("GDCMJ2K_TextGBR.dcm", "gdcm"),
]


@pytest.mark.parametrize("name, plugin", LOSSLESS, ids=[name for name, _ in LOSSLESS])
def test_first_and_last_frame_equal_a_second_decoder(name: str, plugin: str) -> None:
    path = packaged(name)
    facts = read_dicom(path)
    for index in {0, facts.frame_count - 1}:
        pixels, _ = decode_frame(path, index)
        expected = second_opinion(path, index, plugin)
        assert pixels.shape == expected.shape
        assert pixels.dtype.str in ("|u1", "<u2", "<i2")
        assert np.array_equal(pixels, expected)


LOSSY = [
    "SC_rgb_jpeg.dcm",
    "SC_rgb_jpeg_dcmtk.dcm",
    "SC_rgb_jpeg_app14_dcmd.dcm",
    "SC_rgb_dcmtk_+eb+cr.dcm",
    "SC_rgb_dcmtk_+eb+cy+n1.dcm",
    "SC_rgb_dcmtk_+eb+cy+n2.dcm",
    "SC_rgb_dcmtk_+eb+cy+np.dcm",
    "SC_rgb_dcmtk_+eb+cy+s2.dcm",
    "SC_rgb_dcmtk_+eb+cy+s4.dcm",
    "SC_rgb_jpeg_lossy_gdcm.dcm",
    "SC_rgb_small_odd_jpeg.dcm",
    "examples_ybr_color.dcm",
    "JPEG2000.dcm",
    "693_J2KI.dcm",
    "US1_J2KI.dcm",
]


@pytest.mark.parametrize("name", LOSSY)
def test_lossy_frames_are_close_to_a_second_decoder(name: str) -> None:
    """Two inverse transforms may round differently; a wrong colour model is off by far more."""
    path = packaged(name)
    last = read_dicom(path).frame_count - 1
    pixels, _ = decode_frame(path, last)
    syntax = dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID
    plugin = "gdcm" if syntax.name.startswith("JPEG 2000") else "pillow"
    expected = second_opinion(path, last, plugin)
    away = np.abs(pixels.astype(int) - expected)
    assert away.max() <= 3 and away.mean() < 0.6


def test_rgb_jpeg_without_a_marker_is_not_turned_into_other_colours() -> None:
    """Photometric RGB and no APP14: a decoder that assumes YCbCr is off by up to 137."""
    path = packaged("SC_jpeg_no_color_transform.dcm")
    pixels, _ = decode_frame(path)
    original = decode_frame(packaged("SC_rgb_jpeg_dcmd.dcm"))[0]
    assert np.abs(pixels.astype(int) - original).mean() < 3


def test_twelve_bit_jpeg() -> None:
    pixels, _ = decode_frame(packaged("JPGExtended.dcm"))
    other, _ = decode_frame(packaged("JPEG2000.dcm"))  # the same image, other codec
    assert pixels.dtype == np.uint16 and pixels.shape == (1024, 256)
    assert 255 < pixels.max() < 4096
    assert np.corrcoef(pixels.ravel(), other.ravel())[0, 1] > 0.95  # both are strongly lossy
    assert abs(pixels.mean() - other.mean()) < 1.0


def test_a_long_colour_cine_frame_by_frame() -> None:
    path = packaged("color3d_jpeg_baseline.dcm")
    facts = read_dicom(path)
    assert facts.frame_count == 120 and facts.frame_time_ms == 33.333
    for index in (119, 0, 59, 60, 77):
        away = decode_frame(path, index)[0].astype(int) - second_opinion(path, index, "pillow")
        assert np.abs(away).max() <= 3


def test_only_the_frame_asked_for_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    from desktop.imaging import encapsulated

    read: list[int] = []
    original = encapsulated.read_spans

    def counting(stream: Any, spans: Any, limit: int | None = None) -> bytes:
        data = original(stream, spans, limit)
        read.append(len(data))
        return data

    monkeypatch.setattr(encapsulated, "read_spans", counting)
    path = packaged("color3d_jpeg_baseline.dcm")
    decode_frame(path, 100)
    assert len(read) == 1 and read[0] < Path(path).stat().st_size / 50


SIGNED = np.array([[-2000, -1, 0, 1], [1023, 2047, -2048, 5]], np.int16)


def test_bits_stored_are_masked_and_the_sign_is_extended(tmp_path: Path) -> None:
    dirty = (SIGNED.view(np.uint16) & 0x0FFF) | 0xA000  # rubbish above bit 11
    ds = made.ct(dirty.astype(np.uint16), BitsStored=12, HighBit=11, PixelRepresentation=1)
    pixels, _ = decode_frame(str(made.save(ds, tmp_path / "a.dcm")))
    assert pixels.dtype == np.int16 and np.array_equal(pixels, SIGNED)


def test_unsigned_bits_are_masked(tmp_path: Path) -> None:
    dirty = np.array([[0xF123, 0x0FFF]], np.uint16)
    ds = made.ct(dirty, BitsStored=12, HighBit=11)
    pixels, _ = decode_frame(str(made.save(ds, tmp_path / "a.dcm")))
    assert pixels.tolist() == [[0x123, 0xFFF]]


def test_a_high_bit_above_the_stored_bits_is_shifted_away(tmp_path: Path) -> None:
    ds = made.ct(np.array([[0x1230, 0xFFF7]], np.uint16), BitsStored=12, HighBit=15)
    pixels, _ = decode_frame(str(made.save(ds, tmp_path / "a.dcm")))
    assert pixels.tolist() == [[0x123, 0xFFF]]


def test_signed_bytes_become_16_bit(tmp_path: Path) -> None:
    ds = made.ct(np.array([[-128, -1, 0, 127]], np.int8), PixelRepresentation=1)
    pixels, _ = decode_frame(str(made.save(ds, tmp_path / "a.dcm")))
    assert pixels.dtype == np.int16 and pixels.tolist() == [[-128, -1, 0, 127]]


@pytest.mark.parametrize(
    "syntax", [JPEGLSLossless, JPEG2000Lossless, RLELossless, HTJ2KLossless], ids=lambda u: u.name
)
def test_signed_values_survive_compression(syntax: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    values = rng.integers(-1024, 3071, (64, 48)).astype(np.int16)
    ds = made.ct(values)
    if syntax == HTJ2KLossless:
        import imagecodecs

        stream = imagecodecs.htj2k_encode(values, reversible=True)
        made.compressed(ds, syntax, [stream])
    else:
        ds.compress(syntax)
    path = str(made.save(ds, tmp_path / "a.dcm"))
    assert read_dicom(path).signed
    assert np.array_equal(decode_frame(path)[0], values)


def color_bars() -> npt.NDArray[np.uint8]:
    bars = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (10, 100, 200)]
    return np.repeat(np.array([bars], np.uint8), 4, axis=0)


@pytest.mark.parametrize("planar", [0, 1])
def test_planar_configuration(planar: int, tmp_path: Path) -> None:
    rgb = color_bars()
    ds = made.ct(rgb, PlanarConfiguration=planar)
    if planar:
        ds.PixelData = np.ascontiguousarray(rgb.transpose(2, 0, 1)).tobytes()
    pixels, facts = decode_frame(str(made.save(ds, tmp_path / "a.dcm")))
    assert np.array_equal(pixels, rgb) and pixels.flags.c_contiguous
    assert facts.slope == 1.0 and facts.unit == ""  # colours have no modality values


def test_ybr_full_becomes_rgb(tmp_path: Path) -> None:
    rgb = color_bars()
    ybr = convert_color_space(rgb, "RGB", "YBR_FULL")
    ds = made.ct(ybr, PhotometricInterpretation="YBR_FULL")
    pixels, _ = decode_frame(str(made.save(ds, tmp_path / "a.dcm")))
    assert np.abs(pixels.astype(int) - rgb).max() <= 2


def test_uncompressed_422_is_filled_up(tmp_path: Path) -> None:
    rgb = np.repeat(color_bars(), 2, axis=1)
    ybr = convert_color_space(rgb, "RGB", "YBR_FULL")
    packed = np.empty((4, 6, 4), np.uint8)
    packed[..., 0], packed[..., 1] = ybr[:, 0::2, 0], ybr[:, 1::2, 0]
    packed[..., 2], packed[..., 3] = ybr[:, 0::2, 1], ybr[:, 0::2, 2]
    ds = made.ct(rgb, PhotometricInterpretation="YBR_FULL_422", PixelData=packed.tobytes())
    pixels, _ = decode_frame(str(made.save(ds, tmp_path / "a.dcm")))
    assert np.abs(pixels.astype(int) - rgb).max() <= 2


def test_jpeg_ls_by_plane_line_and_sample(tmp_path: Path) -> None:
    import jpeg_ls

    rgb = np.random.default_rng(1).integers(0, 256, (16, 20, 3)).astype(np.uint8)
    for mode in (0, 1, 2):
        source = rgb.transpose(2, 0, 1) if mode == 0 else rgb
        stream = bytes(
            jpeg_ls.encode_buffer(
                np.ascontiguousarray(source).tobytes(), 16, 20, 3, 8, interleave_mode=mode
            )
        )
        ds = made.compressed(made.ct(rgb), JPEGLSLossless, [stream])
        pixels, _ = decode_frame(str(made.save(ds, tmp_path / f"{mode}.dcm")))
        assert np.array_equal(pixels, rgb), mode


def test_sixteen_bit_colours_keep_their_upper_half() -> None:
    path = packaged("SC_rgb_16bit.dcm")
    expected = dcmread(path).pixel_array >> 8
    assert np.array_equal(decode_frame(path)[0], expected)


def test_monochrome_1_is_marked_and_its_values_kept() -> None:
    path = packaged("RG1_UNCR.dcm")
    pixels, facts = decode_frame(path)
    assert facts.inverted
    assert np.array_equal(pixels, dcmread(path).pixel_array)


def test_rescale_unit_and_windows_of_ct() -> None:
    pixels, facts = decode_frame(packaged("CT_small.dcm"))
    assert (facts.slope, facts.intercept, facts.unit) == (1.0, -1024.0, "HU")
    assert pixels[0, 0] == 175  # -849 HU


def test_one_bit_frames_that_share_a_byte(tmp_path: Path) -> None:
    bits = np.random.default_rng(2).integers(0, 2, (3, 5, 7)).astype(np.uint8)
    packed = np.packbits(bits.ravel(), bitorder="little").tobytes()
    ds = made.ct(
        np.zeros((5, 7), np.uint8),
        NumberOfFrames=3,
        BitsAllocated=1,
        BitsStored=1,
        HighBit=0,
        PixelData=packed + b"\0" * (len(packed) % 2),
    )
    path = str(made.save(ds, tmp_path / "a.dcm"))
    for index in range(3):
        assert np.array_equal(decode_frame(path, index)[0], bits[index])


@pytest.mark.parametrize(
    "syntax",
    [ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian],
    ids=lambda u: u.name,
)
def test_multiframe_in_other_native_syntaxes(syntax: Any, tmp_path: Path) -> None:
    values = np.arange(3 * 4 * 5, dtype=np.uint16).reshape(3, 4, 5)
    order = ">u2" if syntax == ExplicitVRBigEndian else "<u2"
    ds = made.ct(values[0], NumberOfFrames=3, PixelData=values.astype(order).tobytes())
    ds.file_meta.TransferSyntaxUID = syntax
    path = str(made.save(ds, tmp_path / "a.dcm"))
    for index in (2, 0, 1):
        assert np.array_equal(decode_frame(path, index)[0], values[index])
    with pytest.raises(FileProblem, match="no frame 4"):
        decode_frame(path, 3)


@pytest.mark.parametrize("how", ["table", "extended", "one each", "marker"])
def test_frames_in_several_fragments(how: str, tmp_path: Path) -> None:
    """The same three frames, found by each way there is."""
    import imagecodecs
    from pydicom.encaps import encapsulate, encapsulate_extended

    frames = [np.full((8, 8), 40 * k, np.uint8) for k in range(3)]
    streams = [imagecodecs.jpeg2k_encode(f, level=0, codecformat="j2k") for f in frames]
    ds = made.compressed(made.ct(frames[0]), JPEG2000Lossless, streams, NumberOfFrames=3)
    pieces = 1 if how in ("extended", "one each") else 2
    ds.PixelData = encapsulate(streams, fragments_per_frame=pieces, has_bot=how == "table")
    if how == "extended":
        ds.PixelData, table, lengths = encapsulate_extended(streams)
        ds.ExtendedOffsetTable, ds.ExtendedOffsetTableLengths = table, lengths
    path = str(made.save(ds, tmp_path / "a.dcm"))
    for index in (2, 0, 1):
        assert np.array_equal(decode_frame(path, index)[0], frames[index])


def enhanced(tmp_path: Path) -> str:
    """Three frames with their own position, rescale and window, none of it at the top."""

    def group(**items: Any) -> list[Dataset]:
        return [made.change(Dataset(), **items)]

    values = np.arange(3 * 6 * 8, dtype=np.uint16).reshape(3, 6, 8)
    ds = made.ct(
        values[0],
        NumberOfFrames=3,
        PixelData=values.tobytes(),
        ImagePositionPatient=None,
        ImageOrientationPatient=None,
        PixelSpacing=None,
        RescaleSlope=None,
        RescaleIntercept=None,
    )
    ds.SharedFunctionalGroupsSequence = group(
        PixelMeasuresSequence=group(PixelSpacing=[0.7, 0.6]),
        PlaneOrientationSequence=group(ImageOrientationPatient=list(made.AXIAL)),
    )
    ds.PerFrameFunctionalGroupsSequence = [
        group(
            PlanePositionSequence=group(ImagePositionPatient=[1, 2, 3 + 4 * k]),
            PixelValueTransformationSequence=group(
                RescaleSlope=k + 1, RescaleIntercept=-k, RescaleType="HU"
            ),
            FrameVOILUTSequence=group(WindowCenter=10 * k, WindowWidth=100),
        )[0]
        for k in range(3)
    ]
    return str(made.save(ds, tmp_path / "enhanced.dcm"))


def test_an_enhanced_image_has_a_plane_and_values_per_frame(tmp_path: Path) -> None:
    path = enhanced(tmp_path)
    facts = read_dicom(path)
    assert [p.position[2] for p in facts.planes] == [3, 7, 11]
    assert facts.spacing_mm == (0.7, 0.6) and facts.calibration.value == "patient plane"
    for k in range(3):
        _, frame = decode_frame(path, k)
        assert (frame.slope, frame.intercept, frame.unit) == (k + 1, -k, "HU")
        assert (frame.windows[0].center, frame.windows[0].width) == (10 * k, 100)


def test_the_hash_covers_type_shape_and_values() -> None:
    grey = np.arange(6, dtype="<u2").reshape(2, 3)
    by_hand = hashlib.sha256(b"<u2:2x3x1\n" + grey.tobytes()).hexdigest()
    assert pixels_sha256(grey) == by_hand
    others = [grey.T, grey.astype("<i2"), grey.reshape(3, 2), grey + 1, grey.reshape(1, 2, 3)]
    assert len({pixels_sha256(array) for array in [grey, *others]}) == 6
    assert pixels_sha256(grey.astype(">u2")) == by_hand
    assert pixels_sha256(np.asfortranarray(grey)) == by_hand


def test_every_packaged_file_is_read_or_refused_in_a_sentence() -> None:
    """No file of the two packages raises, hangs, or is refused without a reason."""
    folders = [Path(packaged("CT_small.dcm")).parent, Path(packaged("RG1_UNCR.dcm")).parent]
    files = [str(p) for folder in folders for p in sorted(folder.rglob("*")) if p.is_file()]
    for path, facts in zip(files, read_many(files), strict=True):
        if hasattr(facts, "reason"):
            assert facts.reason.endswith("."), (path, facts)
        else:
            pixels, _ = decode_frame(path, facts.frame_count - 1)
            assert pixels.shape[:2] == (facts.rows, facts.columns), path
