"""requirements/install.sh on machines that differ in which Python they have, each faked by a PATH of its own."""

import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.tiny_wheel import write_wheel

ROOT = Path(__file__).parents[1]
TOOLS = ["cat", "cmp", "cp", "dirname", "grep", "head", "ls", "mkdir", "mktemp", "mv", "rm", "sed", "sh", "tr"]
BACKEND = '''
"""A build backend that needs no package: install.sh builds without isolation."""
import pathlib, zipfile
def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "shop-1.0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder, name), "w") as wheel:
        wheel.writestr("shop.pth", str(pathlib.Path.cwd()))
        wheel.writestr("shop-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: shop\\nVersion: 1.0\\n")
        wheel.writestr("shop-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("shop-1.0.dist-info/RECORD", "")
    return name
'''


@dataclass
class Machine:
    """A checkout and a PATH with nothing on it but basic tools and what a test adds."""

    checkout: Path
    path: list[Path]
    home: Path

    def has(self, name: str, script: str) -> Path:
        """Put a program in a folder of its own, after those already on PATH."""
        folder = self.home / f"bin{len(self.path)}"
        folder.mkdir()
        self.path.append(folder)
        program = folder / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return program

    def install(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.checkout / "requirements" / "install.sh", *arguments],
            env={"PATH": ":".join(map(str, self.path)), "HOME": str(self.home), **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


def make_machine(folder: Path) -> Machine:
    (folder / "checkout" / "requirements").mkdir(parents=True)
    shutil.copy(ROOT / "requirements" / "install.sh", folder / "checkout" / "requirements")
    (folder / "tools").mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found, f"{tool} is not on this machine"
        (folder / "tools" / tool).symlink_to(found)
    (folder / "home").mkdir()
    return Machine(folder / "checkout", [folder / "tools"], folder / "home")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return make_machine(tmp_path)


def python(version: str = "3.13.0", lacks: str = "") -> str:
    """A program that is this Python, but says it is of another version, or lacks a module."""
    release = f"type('V', (tuple,), {{'releaselevel': 'final'}})({tuple(map(int, version.split('.')))})"
    pretend = f"import sys; sys.version_info = {release}; sys.modules.update(dict.fromkeys({lacks.split()}))"
    return textwrap.dedent(f"""\
        if [ "$2" = -c ]; then
            code=$3
            shift 3
            exec {sys.executable} -I -c "{pretend}
        $code" "$@"
        fi
        [ "$2" = pip ] && {"exit 1" if "pip" in lacks else "exit 0"}
        exit 1""")


SHIM = "echo 'pyenv: python3.13: command not found' >&2; exit 127"
UV = "echo uv 0.0"


def test_a_python_3_13_that_works_is_taken(machine: Machine) -> None:
    found = machine.has("python3.13", python())
    machine.has("python3", python("3.14.1"))
    machine.has("uv", UV)
    assert machine.install("--which").stdout.strip() == str(found)


def test_a_shim_that_fails_is_passed_over_for_the_next_on_the_path(machine: Machine) -> None:
    machine.has("python3.13", SHIM)
    found = machine.has("python3.13", python())
    assert machine.install("--which").stdout.strip() == str(found)


def test_pyenv_s_own_3_13_is_found_behind_a_shim_that_fails(machine: Machine) -> None:
    machine.has("python3.13", SHIM)
    program = machine.has("python3.13.real", python())
    there = machine.home / ".pyenv" / "versions" / "3.13.2" / "bin" / "python3.13"
    there.parent.mkdir(parents=True)
    program.rename(there)
    assert machine.install("--which").stdout.strip() == str(there)


def test_a_python3_13_that_is_another_version_is_passed_over(machine: Machine) -> None:
    machine.has("python3.13", python("3.12.4"))
    uv = machine.has("uv", UV)
    assert machine.install("--which").stdout.strip() == f"CPython 3.13, managed by {uv}"


def test_else_a_newer_python3_is_taken(machine: Machine) -> None:
    machine.has("python3.13", SHIM)
    found = machine.has("python3", python("3.14.1"))
    machine.has("uv", UV)
    assert machine.install("--which").stdout.strip() == str(found)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(python("3.11.2"), id="too old"),
        pytest.param(python("3.15.0"), id="so new that packages have no wheels for it"),
        pytest.param(python("3.13.1", lacks="ensurepip"), id="without ensurepip, as Debian ships it"),
        pytest.param(python("3.13.1", lacks="venv"), id="without venv"),
    ],
)
def test_a_python3_that_does_not_fit_leaves_it_to_uv(machine: Machine, script: str) -> None:
    machine.has("python3", script)
    uv = machine.has("uv", UV)
    assert machine.install("--which").stdout.strip() == f"CPython 3.13, managed by {uv}"


def test_with_an_old_python3_alone_its_pip_brings_uv(machine: Machine) -> None:
    machine.has("uv", "exit 126")
    old = machine.has("python3", python("3.9.2"))
    assert machine.install("--which").stdout.strip() == f"CPython 3.13, managed by uv, brought by the pip of {old}"


@pytest.mark.parametrize("argument", ["--which", "local"])
def test_with_nothing_one_sentence_says_what_is_missing(machine: Machine, argument: str) -> None:
    machine.has("python3.13", SHIM)
    machine.has("python3", python("3.9.2", lacks="pip"))
    done = machine.install(argument)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("install: Python 3.13 is missing: ")
    assert done.stderr.count("\n") == 1
    assert not (machine.checkout / ".venv").exists()


def test_uv_that_can_bring_no_python_is_one_sentence_too(machine: Machine) -> None:
    machine.has("uv", '[ "$1" = --version ] || { echo "error: no route to host" >&2; echo more >&2; exit 1; }')
    done = machine.install("local")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(
        "install: Python 3.13 is missing and uv could not bring it (error: no"
    )
    assert "more" not in done.stderr


def test_what_to_install_is_local_or_dev(machine: Machine) -> None:
    done = machine.install("prod")
    assert (done.returncode, done.stdout) == (2, "")
    assert '"prod"' in done.stderr


@dataclass
class Project:
    """A tiny project with one package to install, and the machine it is installed on, without any network."""

    machine: Machine
    wheels: Path

    @property
    def venv(self) -> Path:
        return self.machine.checkout / ".venv"

    def install(self, what: str) -> subprocess.CompletedProcess[str]:
        return self.machine.install(what, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(self.wheels))

    def imports(self, module: str) -> bool:
        return subprocess.run([self.venv / "bin" / "python", "-c", f"import {module}"], check=False).returncode == 0

    @contextmanager
    def requiring(self, requirements: str) -> Iterator[None]:
        """For a while requirements/dev.txt reads so."""
        file = self.machine.checkout / "requirements" / "dev.txt"
        before = file.read_text()
        file.write_text(requirements)
        yield
        file.write_text(before)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    machine = make_machine(tmp_path_factory.mktemp("project"))
    machine.has("python3.13", f'exec "{sys.executable}" "$@"')
    wheels = machine.home / "wheels"
    wheels.mkdir()
    requirement = write_wheel(wheels, "tiny", "1.0")
    for name in ("local", "dev"):
        (machine.checkout / "requirements" / f"{name}.txt").write_text(requirement)
    (machine.checkout / "backend.py").write_text(BACKEND)
    (machine.checkout / "shop.py").write_text("PRICE = 5\n")
    (machine.checkout / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "shop"\nversion = "1.0"\n'
    )
    return Project(machine, wheels)


@pytest.fixture
def made(project: Project) -> Project:
    """The project with its environment made."""
    done = project.install("local")
    assert done.returncode == 0, done.stderr
    return project


def test_the_environment_holds_the_packages_and_the_project(made: Project) -> None:
    assert made.imports("tiny")
    assert made.imports("shop")


def test_a_second_time_nothing_happens_in_well_under_a_second(made: Project) -> None:
    started = time.perf_counter()
    again = made.install("local")
    assert time.perf_counter() - started < 1
    assert (again.returncode, again.stderr) == (0, "")


def test_dev_satisfies_local_too(made: Project) -> None:
    assert made.install("dev").returncode == 0
    again = made.install("local")
    assert (again.returncode, again.stderr) == (0, "")


def test_a_half_made_environment_is_made_anew(made: Project) -> None:
    (made.venv / "installed" / "by").unlink()
    (made.venv / "rubbish").touch()
    again = made.install("local")
    assert again.returncode == 0, again.stderr
    assert "not whole" in again.stderr
    assert not (made.venv / "rubbish").exists()
    assert made.imports("shop")


def test_an_environment_whose_python_is_gone_is_made_anew(made: Project) -> None:
    program = made.venv / "bin" / "python"
    program.unlink()
    program.symlink_to("/nowhere/python3.13")
    again = made.install("local")
    assert again.returncode == 0, again.stderr
    assert made.imports("tiny")


def test_a_registry_that_fails_costs_nothing_that_was_there(made: Project) -> None:
    with made.requiring(f"nowhere==1.0 --hash=sha256:{'0' * 64}\n"):
        failed = made.install("dev")
        assert failed.returncode == 75
        assert "requirements/dev.txt could not be installed" in failed.stderr.splitlines()[-1]
        after = made.install("local")
    assert (after.returncode, after.stderr) == (0, "")


def test_a_file_that_is_not_the_pinned_one_is_refused(made: Project) -> None:
    write_wheel(made.wheels, "other", "1.0")
    with made.requiring(f"other==1.0 --hash=sha256:{'0' * 64}\n"):
        assert made.install("dev").returncode == 75
    assert not made.imports("other")
