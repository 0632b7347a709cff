"""The judge of made-up days: it cannot tell what is alike, can tell what is not, and hardly tells ours from real."""

import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from evaluation.likeness import BAR, Sessions, area, figures_of, sessions_of
from journey.errors import BadInput
from synth import storefront
from synth.day_files import name_of, write_day

DAYS = [date(2020, 11, 21), date(2020, 11, 22)]


def made(folder: Path, seed: int, scale: float = 0.4) -> Sessions:
    folder.mkdir()
    for day, table in storefront.days(DAYS, scale, seed):
        write_day(folder, day, [table])
    return sessions_of(sorted(folder.iterdir()))


@pytest.fixture(scope="module")
def some(tmp_path_factory: pytest.TempPathFactory) -> Sessions:
    return made(tmp_path_factory.mktemp("some") / "days", 42)


def test_two_seeds_cannot_be_told_apart(some: Sessions, tmp_path: Path) -> None:
    assert area(some, made(tmp_path / "days", 7)) == pytest.approx(0.5, abs=0.05)


def test_a_figure_that_hangs_together_no_more_is_seen(some: Sessions) -> None:
    values = some.values.copy()
    at = some.names.index("engagement_seconds")
    np.random.default_rng(0).shuffle(values[:, at])
    assert area(some, replace(some, values=values)) > 0.85
    # each figure by itself is as it was
    assert figures_of(replace(some, values=values)) == pytest.approx(figures_of(some))


def test_a_session_is_one_row(some: Sessions) -> None:
    counts = ("page_view", "user_engagement", "scroll", "view_item", "purchase", "session_start", "first_visit")
    assert all((some.column(name) <= some.column("events")).all() for name in counts)
    assert (some.column("session_start") <= 1).all()
    assert (some.column("uploads") <= some.column("events")).all()


def test_too_few_sessions_are_named(some: Sessions) -> None:
    with pytest.raises(BadInput, match="12 sessions are too few to judge by: give more days, or a larger --scale"):
        area(some, replace(some, values=some.values[:12]))


def test_made_up_sessions_are_hardly_told_from_real_ones(tmp_path: Path, real_days: Path) -> None:
    for day in DAYS:
        (tmp_path / name_of(day)).symlink_to(real_days / name_of(day))
    run = subprocess.run(
        [sys.executable, "-m", "evaluation.likeness", "--days", str(tmp_path)], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr
    last = run.stdout.splitlines()[-1]
    assert 0.5 < float(last.split("curve of ")[1].split()[0]) <= BAR


def test_a_folder_without_days_ends_in_one_sentence(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "evaluation.likeness", "--days", str(tmp_path)], capture_output=True, text=True
    )
    assert run.returncode == 2
    assert run.stderr.startswith(f"error: {tmp_path} holds no events_YYYYMMDD.parquet file")
    assert len(run.stderr.splitlines()) == 1
