"""The steps of the Dockerfile, carried out without Docker: in an empty folder, with this machine's Python and network.

The folder stands for the file system of the image. What npm installs is taken from this clone, since that alone takes
half a minute; all other steps are carried out as they are written.
"""

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from glob import translate
from pathlib import Path, PurePosixPath
from string import Template

from localhost.environment import ROOT, clean_environment
from localhost.setup.interpreters import find_python
from localhost.setup.packages import uv
from localhost.setup.places import Places
from tests.unit.pages import files

DOCKERFILE = ROOT / "Dockerfile"
_FLAG = re.compile(r"--([a-z-]+)=(\S+)\s+")


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction of a Dockerfile.

    Attributes:
        flags: Such as `chmod`, with their values.
        text: What follows.
    """

    name: str
    flags: Mapping[str, str]
    text: str

    @property
    def words(self) -> list[str]:
        """The text as words: a list in JSON, or as a shell reads them."""
        words: list[str] = json.loads(self.text) if self.text.startswith("[") else shlex.split(self.text)
        return words


def read_steps() -> list[Step]:
    """The instructions of the Dockerfile."""
    lines = [line for line in DOCKERFILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return [_step(line) for line in "\n".join(lines).replace("\\\n", " ").splitlines() if line.strip()]


def _step(line: str) -> Step:
    name, text = line.split(maxsplit=1)
    flags = {}
    while flag := _FLAG.match(text):
        flags[flag[1]] = flag[2]
        text = text[flag.end() :]
    return Step(name, flags, text.strip())


def only(name: str) -> Step:
    """The one instruction of its name."""
    (step,) = [step for step in read_steps() if step.name == name]
    return step


def is_sent(name: str) -> bool:
    """Whether a file is sent to the builder: the last pattern that fits it, or a folder that it is in, decides."""
    path, sent = PurePosixPath(name), True
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.removeprefix("!")
        if pattern and not pattern.startswith("#") and any(_fits(pattern, part) for part in (path, *path.parents)):
            sent = line.startswith("!")
    return sent


def _fits(pattern: str, path: PurePosixPath) -> bool:
    return re.match(translate(pattern, recursive=True, include_hidden=True), str(path)) is not None


@dataclass(slots=True)
class Image:
    """What the steps have made so far.

    Attributes:
        place: The folder with everything, which every user can look into.
        arguments: Values of `ARG` that are not the default.
        root: The file system of the latest stage.
        work: The folder in which steps and commands run.
        user: As whom commands run.
    """

    place: Path
    arguments: Mapping[str, str]
    root: Path = Path()
    work: Path = Path()
    user: int = 0
    _variables: dict[str, str] = field(default_factory=dict)

    def build(self) -> None:
        """Carry out all steps."""
        self._put_programs()
        for step in read_steps():
            getattr(self, f"_{step.name.lower()}")(step)

    def command(self, words: Sequence[str], port: int) -> list[str]:
        """What a command of the image is here: its port is one that is free on this machine."""
        return [word.replace("7071", str(port)) for word in words]

    def options(self, **variables: str) -> dict[str, object]:
        """How a command of the image is run: as its user where that can be, and without a variable of this machine."""
        how: dict[str, object] = {"cwd": self.work, "env": {"PATH": self._path, "HOME": "/", **variables}}
        return how | ({"user": self.user, "group": 0, "extra_groups": []} if self.user != os.getuid() else {})

    @property
    def _path(self) -> str:
        return f"{self.place / 'bin'}{os.pathsep}{os.environ['PATH']}"

    def _put_programs(self) -> None:
        """The Python of the base image, and uv, which the set-up would fetch."""
        (self.place / "bin").mkdir()
        (self.place / "bin" / "python3").symlink_to(Path(find_python() or "python3.13").resolve())
        (self.place / "bin" / "uv").symlink_to(uv(Places(ROOT)).resolve())

    def _from(self, step: Step) -> None:
        self.root = self.work = self.place / (step.words[-1] if "AS" in step.words else "last")
        self.root.mkdir()

    def _workdir(self, step: Step) -> None:
        self.work = self._inside(step.text)
        self.work.mkdir(parents=True)
        if not self._variables:
            (self.work / "node_modules").symlink_to(ROOT / "node_modules")

    def _copy(self, step: Step) -> None:
        *sources, target = step.words
        if "from" in step.flags:
            (source,) = sources
            self._inside(target).rmdir()
            (self.place / step.flags["from"] / source.lstrip("/")).rename(self._inside(target))
            return
        for source in sources:
            for name, goes_to in _files(source, target):
                path = self.work / goes_to
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes((ROOT / name).read_bytes())
                path.chmod(int(step.flags["chmod"], 8))

    def _run(self, step: Step) -> None:
        variables = {**clean_environment(), **self._variables, "PATH": self._path}
        done = subprocess.run(
            ["/bin/sh", "-c", step.text], cwd=self.work, env=variables, capture_output=True, text=True, timeout=240
        )
        assert done.returncode == 0, f"{step.text}\n{done.stdout}{done.stderr}"

    def _arg(self, step: Step) -> None:
        name, _, default = step.text.partition("=")
        self._variables[name] = self.arguments.get(name, default)

    def _user(self, step: Step) -> None:
        self.user = int(Template(step.text).substitute(self._variables))

    def _ignore(self, step: Step) -> None:
        """What says how a container is run changes nothing in its file system."""

    _volume = _expose = _healthcheck = _cmd = _ignore

    def _inside(self, path: str) -> Path:
        return self.root / path.lstrip("/")


def _files(source: str, target: str) -> Iterator[tuple[Path, Path]]:
    """The files that are copied, and where each goes: a folder's content goes into the target."""
    for name in files(source):
        if is_sent(name.as_posix()):
            with suppress(ValueError):
                inside = name.relative_to(source)
                yield name, Path(target) / (name.name if inside == Path() else inside)
