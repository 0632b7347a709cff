"""The file: whole or not at all, and a clear word when it cannot be written."""

import os
import resource
import signal
from pathlib import Path

import pytest

from journey.errors import BadInput
from journey.settings import Settings
from report.file import replace_file
from report.page import write_report

PAGE = b"<p>a page</p>" * 500


def test_folders_on_the_way_are_made_and_nothing_else_is_left(small_shop: Settings, tmp_path: Path) -> None:
    page = tmp_path / "outputs" / "today" / "report.html"
    write_report(small_shop, page)
    assert [p.name for p in page.parent.iterdir()] == ["report.html"]


def test_a_page_is_replaced_by_a_new_one(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text("old")
    replace_file(page, PAGE)
    assert page.read_bytes() == PAGE


def test_a_folder_in_the_place_of_the_page_is_refused(tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()
    with pytest.raises(BadInput, match=r"report\.html: is a directory; .*--out"):
        replace_file(tmp_path / "report.html", PAGE)
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outputs").write_text("")
    with pytest.raises(BadInput, match="cannot be written"):
        replace_file(tmp_path / "outputs" / "report.html", PAGE)


def test_a_read_only_folder_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents[:2]):  # pytest's folders are closed to others
        folder.chmod(0o755)
    if os.geteuid() == 0:  # root writes anywhere: be somebody else for the moment
        (tmp_path / "closed").mkdir(mode=0o555)
        os.seteuid(65534)
    else:
        (tmp_path / "closed").mkdir(mode=0o555)
    try:
        with pytest.raises(BadInput, match="permission denied"):
            replace_file(tmp_path / "closed" / "report.html", PAGE)
    finally:
        if os.getuid() == 0:
            os.seteuid(0)


def test_a_disk_without_space_leaves_the_old_page(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text("old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # the write then fails with EFBIG instead of ending us
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        with pytest.raises(BadInput, match="file too large"):
            replace_file(page, PAGE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert page.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
