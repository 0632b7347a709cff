"""Reads the Dockerfiles, the bake file and .dockerignore as far as the tests ask."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
IMAGES = sorted(path.parent.name for path in ROOT.glob("images/*/Dockerfile"))
SHARED = ROOT / "images" / "shared.Dockerfile"


@dataclass(frozen=True)
class Stage:
    """FROM `base` AS `name`, and the instructions that follow: their word and the rest of the line."""

    base: str
    name: str
    instructions: list[tuple[str, str]]


def stages(image: str) -> list[Stage]:
    """The stages that make an image: those that all are made with and on, then those of its own Dockerfile."""
    return stages_of(SHARED) + stages_of(ROOT / "images" / image / "Dockerfile")


def stages_of(dockerfile: Path) -> list[Stage]:
    """The stages of one file; lines that end in a backslash are one, comments are left out."""
    lines = [line for line in dockerfile.read_text().splitlines() if not line.startswith("#")]
    found: list[Stage] = []
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            found.append(Stage(base, name, []))
        elif word:
            found[-1].instructions.append((word, " ".join(rest.split())))
    return found


def shipped(image: str) -> list[tuple[str, str]]:
    """The instructions that make up the image itself: those of the last stage, after those of the stages it is from."""
    known = {stage.name: stage for stage in stages(image) if stage.name}
    stage = stages(image)[-1]
    found = stage.instructions
    while stage.base in known:
        stage = known[stage.base]
        found = stage.instructions + found
    return found


def read_from_checkout(image: str) -> set[str]:
    """What goes into an image from the checkout: sources of COPY lines and of bind mounts."""
    found: set[str] = set()
    for word, rest in (one for stage in stages(image) for one in stage.instructions):
        if word == "COPY" and not rest.startswith("--from="):
            found |= set(rest.split()[:-1])
        found |= set(re.findall(r"--mount=type=bind,source=([^,\s]+)", rest))
    return found


def baked() -> set[str]:
    """The images that docker-bake.hcl builds."""
    (matrix,) = re.findall(r"^\s*image = \[([^]]*)\]", (ROOT / "docker-bake.hcl").read_text(), re.MULTILINE)
    return set(re.findall(r'"([^"]+)"', matrix))


def reaches_a_build(path: str) -> bool:
    """Whether .dockerignore lets a file of the checkout through: the last pattern that fits decides."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    is_let_through = True
    for line in (line for line in lines if line and not line.startswith("#")):
        pattern = line.removeprefix("!").rstrip("/")
        # ** is any number of folders, * is anything but a slash; what is in a folder that fits, fits
        regex = re.escape(pattern).replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*")
        if re.fullmatch(f"{regex}(/.*)?", path):
            is_let_through = line.startswith("!")
    return is_let_through
