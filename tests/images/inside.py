"""Runs Python code with what an image holds, and with nothing else of this environment.

`python -m tests.images.inside IMAGE CODE`: what is in no package of the image's two lists of requirements, and in no
folder that its Dockerfile copies, cannot be imported; Python's own library can.
"""

import re
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.metadata import packages_distributions
from types import ModuleType

from packaging.utils import canonicalize_name

from tests.images.dockerfile import ROOT, read_from_checkout


def refused(image: str) -> set[str]:
    """Names of the modules that are installed here, or lie in the checkout, and that the image does not hold."""
    paths = read_from_checkout(image)
    lists = [ROOT / path for path in paths if path.startswith("requirements/images/")]
    held = {name for one in lists for name in re.findall(r"^([a-z0-9-]+)==", one.read_text(), re.MULTILINE)}
    foreign = {
        module
        for module, distributions in packages_distributions().items()
        if not {canonicalize_name(name) for name in distributions} & held
    }
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name not in paths}
    # dbt is a folder of the checkout, and a package
    return (foreign | folders) - ({"dbt"} if "dbt-core" in held else set())


class Refuse(MetaPathFinder):
    """Refuses these modules."""

    def __init__(self, modules: set[str]) -> None:
        self.modules = modules

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] in self.modules:
            raise ModuleNotFoundError(f"the image holds no {fullname}", name=fullname)
        return None  # a matter of the next finder


if __name__ == "__main__":
    _, image, code, *sys.argv[1:] = sys.argv
    modules = refused(image)
    for name in [name for name in sys.modules if name.partition(".")[0] in modules]:  # what this file needed itself
        del sys.modules[name]
    sys.meta_path.insert(0, Refuse(modules))
    exec(code)
