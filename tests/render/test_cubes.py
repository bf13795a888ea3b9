"""Look-up tables from strangers: read in full, or refused by the line that is wrong."""

from __future__ import annotations

import pytest

from artdagd.errors import StepFailed
from artdagd.render.reading import cubes
from artdagd.render.reading.cubes import read_cube

CORNERS = [f"{r} {g} {b}" for b in (0, 1) for g in (0, 1) for r in (0, 1)]


def test_what_is_written_is_what_was_read(tmp_path) -> None:
    file = tmp_path / "a.cube"
    file.write_bytes(
        b'\xef\xbb\xbfTITLE "a # b"\r\n# made by hand\r\n\r\nLUT_3D_SIZE 2\r\nDOMAIN_MAX 1 2.5e0 1\r\n'
        + "\r\n".join(CORNERS).encode()
        + b" # the last"
    )
    cube = read_cube(file)
    assert (cube.dimensions, cube.size, cube.low, cube.high) == (3, 2, (0, 0, 0), (1, 2.5, 1))
    assert cube.table[1] == (1, 0, 0)
    file.write_text(cube.text())
    assert read_cube(file) == cube


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "neither LUT_3D_SIZE nor LUT_1D_SIZE"),
        ("LUT_3D_SIZE 1", "line 1: the size of a 3D table is a whole number from 2 to 65"),
        ("LUT_3D_SIZE 66", "line 1: the size of a 3D table"),
        ("LUT_3D_SIZE 9999999999999999999999", "line 1: the size of a 3D table"),
        ("LUT_3D_SIZE ٣", "line 1: the size of a 3D table"),
        ("LUT_1D_SIZE 65537", "line 1: the size of a 1D table is a whole number from 2 to 65536"),
        ("LUT_3D_SIZE 2\nLUT_1D_SIZE 2", "line 2: the size is given twice"),
        ("0 0 0", "line 1: a colour stands before"),
        ("LUT_3D_SIZE 2\n" + "\n".join(CORNERS[:7]), "has 7 colours, and a 3D table of 2 has 8"),
        ("LUT_3D_SIZE 2\n" + "\n".join([*CORNERS, "0 0 0"]), "line 10: there are more than 8 colours"),
        ("LUT_3D_SIZE 2\n0 0", "line 2: expected 3 numbers, got 2"),
        ("LUT_3D_SIZE 2\n0 0 1e999", "line 2: '1e999' is no number"),
        ("LUT_3D_SIZE 2\n0 0 0x1", "line 2: '0x1' is no number"),
        ("LUT_3D_SIZE 2\n0 0 1_0", "line 2: '1_0' is no number"),
        ("LUT_3D_SIZE 2\nnan 0 0", "line 2: 'nan' is no keyword"),
        ("LUT_3D_SIZE 2\nDOMAIN_MIN 1 1 1\n" + "\n".join(CORNERS), "DOMAIN_MIN is not below"),
        ("LUT_3D_SIZE 2\n" + "0" * 9_999 + "x 0 0", "line 2: '0{40}' is no number"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, words) -> None:
    file = tmp_path / "a.cube"
    file.write_text(text)
    with pytest.raises(StepFailed, match=words) as caught:
        read_cube(file)
    assert caught.value.code == "refused"
    assert len(caught.value.detail) < 200


def test_bytes_that_are_no_text_and_floods_are_refused(tmp_path, monkeypatch) -> None:
    file = tmp_path / "a.cube"
    file.write_bytes(b"LUT_3D_SIZE 2\n\xff")
    with pytest.raises(StepFailed, match="byte 14 is no text"):
        read_cube(file)
    monkeypatch.setattr(cubes, "MAX_BYTES", 1 << 20)
    file.write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(StepFailed, match="larger than 1 MiB"):
        read_cube(file)
