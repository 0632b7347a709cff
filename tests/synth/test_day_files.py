"""Folders of day files: refused with a sentence that says what to do, written whole or not at all."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from journey.errors import BadInput
from journey.settings import Settings
from synth.day_files import name_of, read_folder
from synth.source import Making, fill_source

NOV_1, NOV_3 = date(2020, 11, 1), date(2020, 11, 3)
THREE_DAYS = Settings.model_validate({"start": NOV_1, "end": NOV_3})
SCALE = 0.003


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """A small file system on a folder; needs root, so elsewhere the test skips."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"needs the right to mount a file system: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """A folder that even this user cannot write to; root may write to any, but not to a read-only file system."""
    folder.mkdir()
    if os.geteuid() == 0:
        with mounted(folder, "ro"):
            yield
    else:
        folder.chmod(0o555)
        yield
        folder.chmod(0o755)


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file of this process may grow beyond `size` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_folder_holds_the_windows_days_and_nothing_else(tmp_path: Path) -> None:
    filled = fill_source(THREE_DAYS, None, Making(SCALE, 42), tmp_path / "new" / "days")
    files = read_folder(tmp_path / "new" / "days")
    assert [file.day.day for file in files] == [1, 2, 3]
    assert (filled.rows, filled.bytes) == (sum(file.rows for file in files), sum(file.bytes for file in files))
    names = sorted(path.name for path in (tmp_path / "new" / "days").iterdir())
    assert names == [f"events_2020110{n}.parquet" for n in (1, 2, 3)]


def test_without_a_window_the_two_months_are_made(tmp_path: Path) -> None:
    filled = fill_source(Settings.model_validate({"start": None, "end": None}), None, Making(1e-6, 42), tmp_path)
    assert filled.days == 61


def test_a_folder_written_again_has_the_same_bytes_and_keeps_other_days(tmp_path: Path) -> None:
    fill_source(THREE_DAYS, None, Making(SCALE, 42), tmp_path)
    before = content(tmp_path)
    fill_source(Settings.model_validate({"start": NOV_3, "end": NOV_3}), None, Making(SCALE, 42), tmp_path)
    assert content(tmp_path) == before


def test_a_folder_of_days_is_copied_byte_for_byte(tmp_path: Path) -> None:
    days, copy = tmp_path / "days", tmp_path / "copy"
    fill_source(THREE_DAYS, None, Making(SCALE, 42), days)
    assert fill_source(THREE_DAYS, days, Making(1, 42), copy).kind == "folder"
    assert content(copy) == content(days)


def test_google_is_never_filled() -> None:
    with pytest.raises(BadInput, match="BIGQUERY_EMULATOR_HOST is not set"):
        fill_source(Settings.model_validate({"emulator_host": None}), None, Making(SCALE, 42), None)


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), 11.0])
def test_a_scale_out_of_range_is_refused(tmp_path: Path, scale: float) -> None:
    with pytest.raises(BadInput, match="scale is"):
        fill_source(THREE_DAYS, None, Making(scale, 42), tmp_path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=f"there is no folder {tmp_path}/nowhere"):
        fill_source(THREE_DAYS, tmp_path / "nowhere", Making(1, 42), tmp_path / "out")


def test_a_folder_without_day_files_is_named(tmp_path: Path) -> None:
    (tmp_path / "orders.parquet").write_bytes(b"")
    with pytest.raises(BadInput, match=r"holds no events_YYYYMMDD\.parquet file"):
        read_folder(tmp_path)


def test_a_file_named_after_no_day_is_named(tmp_path: Path) -> None:
    (tmp_path / "events_20201341.parquet").write_bytes(b"")
    with pytest.raises(BadInput, match="20201341, which is no day"):
        read_folder(tmp_path)


def test_a_folder_is_not_written_over_itself(tmp_path: Path) -> None:
    fill_source(THREE_DAYS, None, Making(SCALE, 42), tmp_path)
    before = content(tmp_path)
    with pytest.raises(BadInput, match="both the folder of days and the folder to write"):
        fill_source(THREE_DAYS, tmp_path, Making(1, 42), tmp_path)
    assert content(tmp_path) == before


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(BadInput, match="cannot be made"):
        fill_source(THREE_DAYS, None, Making(SCALE, 42), tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


def test_a_read_only_folder_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with read_only(out), pytest.raises(BadInput, match="cannot be written: give another folder"):
        fill_source(THREE_DAYS, None, Making(SCALE, 42), out)


def test_a_full_disk_is_named_and_leaves_what_was_there(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with mounted(out, "size=64k"):
        (out / name_of(NOV_1)).write_bytes(b"an older day")
        with pytest.raises(BadInput, match="No space left on device; make room there") as refused:
            fill_source(THREE_DAYS, None, Making(0.05, 42), out)
        assert str(out) in str(refused.value)
        assert content(out) == {name_of(NOV_1): b"an older day"}
        assert not out.with_name("out-truth").exists()


def test_a_file_too_large_to_write_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / name_of(NOV_1)).write_bytes(b"an older day")
    with largest_file(20_000), pytest.raises(BadInput, match=f"cannot be written to {tmp_path}: File too large"):
        fill_source(THREE_DAYS, None, Making(0.05, 42), tmp_path)
    assert content(tmp_path) == {name_of(NOV_1): b"an older day"}


def test_without_room_for_temporary_files_the_source_is_not_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    nobody = THREE_DAYS.model_copy(update={"emulator_host": "http://127.0.0.1:9"})
    with pytest.raises(BadInput, match="no temporary folder can be made"):
        fill_source(nobody, None, Making(SCALE, 42), None)
