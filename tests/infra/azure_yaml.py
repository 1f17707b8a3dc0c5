"""azure.yaml, taken apart."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from localhost.environment import ROOT

SERVICE = "loop"


@dataclass(frozen=True, slots=True)
class Hook:
    """One hook for one kind of system.

    Attributes:
        name: As azd calls it; of the service's ones with the service before it.
        system: `posix` or `windows`.
        told: All that is said of it.
    """

    name: str
    system: str
    told: dict[str, Any]

    @property
    def run(self) -> str:
        """What the shell gets."""
        text: str = self.told["run"]
        return text


def document() -> dict[str, Any]:
    """The whole file."""
    told: dict[str, Any] = yaml.safe_load((ROOT / "azure.yaml").read_text(encoding="utf-8"))
    return told


def hooks(system: str) -> Iterator[Hook]:
    """All hooks for one kind of system."""
    told = document()
    for name, one in told["services"][SERVICE]["hooks"].items():
        yield Hook(f"{SERVICE} {name}", system, one[system])
    for name, one in told["hooks"].items():
        yield Hook(name, system, one[system])


def hook(name: str, system: str = "posix") -> Hook:
    """One of them."""
    return next(hook for hook in hooks(system) if hook.name == name)
