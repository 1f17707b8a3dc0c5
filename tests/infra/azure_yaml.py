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
        name: As azd calls it; a hook of the service has the service's name before it.
        system: `posix` or `windows`.
        fields: Its entry in the file.
    """

    name: str
    system: str
    fields: dict[str, Any]

    @property
    def run(self) -> str:
        """What the shell gets."""
        text: str = self.fields["run"]
        return text


def document() -> dict[str, Any]:
    """The whole file."""
    content: dict[str, Any] = yaml.safe_load((ROOT / "azure.yaml").read_text(encoding="utf-8"))
    return content


def hooks(system: str) -> Iterator[Hook]:
    """All hooks for one kind of system."""
    content = document()
    for name, systems in content["services"][SERVICE]["hooks"].items():
        yield Hook(f"{SERVICE} {name}", system, systems[system])
    for name, systems in content["hooks"].items():
        yield Hook(name, system, systems[system])


def hook(name: str, system: str = "posix") -> Hook:
    """One of them."""
    return next(hook for hook in hooks(system) if hook.name == name)
