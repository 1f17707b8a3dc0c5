"""A loop that is read: the one that `up` serves from a folder, or one at an address."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from deployment.calls import LOOPBACK, Answer, Unreachable, Untrusted, ask
from deployment.endpoint import read_endpoint
from deployment.key import key
from deployment.patience import Patience
from localhost.certificate import Certificate
from localhost.data_folder import KEY_VARIABLE, choose_key
from localhost.environment import choose_settings
from localhost.failures import CommandFailure
from localhost.report.welcome import Welcome
from localhost.setup.places import PLACES

_PATIENCE_SECONDS = 30.0
_OTHER_KEY = f"Put the loop's key into the variable {KEY_VARIABLE}."
_OTHER_CERTIFICATE = (
    "Put the path of its certificate into the variable SSL_CERT_FILE, or name the folder of up by --data."
)


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop at an address.

    Attributes:
        address: Without a slash at its end.
        key: Opens it.
        if_away: What to do if nothing answers there.
        certificate: What is trusted beside the machine's own authorities, if that loop is on this machine.
    """

    address: str
    key: str = field(repr=False)
    if_away: str
    certificate: Path | None = None

    @classmethod
    def of_folder(cls, data: Path) -> "Loop":
        """The loop that `up` serves from a folder.

        Raises:
            CommandFailure: There is none, or its key is not there.
            StartFailure: `local.settings.json` cannot be read.
        """
        address, own_key = Welcome.read(data).url, choose_key(data, choose_settings(PLACES.work))
        if not own_key:
            raise CommandFailure(f"There is no key in {data}.", _OTHER_KEY)
        return cls(address, own_key, f"Start it again with `{PLACES.program} up`.", _certificate(data, address))

    @classmethod
    def at(cls, endpoint: str, data: Path) -> "Loop":
        """The loop at an address, with the key that the environment holds, or that of the folder that is served there.

        Raises:
            CannotSetUp: It is no address, or there is no key.
            CommandFailure, StartFailure: As `of_folder`.
        """
        address = read_endpoint(endpoint)
        if _serves(data, address):
            return replace(cls.of_folder(data), address=address)
        own_key = key(os.environ, Patience(_PATIENCE_SECONDS))
        return cls(address, own_key, "Check the address and the network.", _certificate(data, address))

    def read(self, path: str, query: Mapping[str, str], expected: str) -> Answer:
        """Read something.

        Args:
            path: Of the loop's own API; of any other with a slash at its beginning.
            expected: A field that every such answer has.

        Raises:
            CommandFailure: It does not answer, or not with what was wanted.
        """
        answer = self._ask("GET", f"{path}{f'?{urlencode(query)}' if query else ''}", None)
        if answer.status != 200 or expected not in answer.document:
            raise self._refusal("GET", path, answer)
        return answer

    def send(self, method: str, path: str, body: object) -> Answer:
        """Have something done.

        Args:
            path: As of `read`.
            body: A JSON value, or bytes, which are sent as they are; None for none.

        Raises:
            CommandFailure: It was not done.
        """
        answer = self._ask(method, path, body)
        if answer.status not in (200, 201, 204):
            raise self._refusal(method, path, answer)
        return answer

    def _ask(self, method: str, path: str, body: object) -> Answer:
        try:
            headers = {"Ocp-Apim-Subscription-Key": self.key}
            answer = ask(method, self._url(path), headers, body, self.certificate)
        except Untrusted as error:
            raise CommandFailure(f"{self.address} is not trusted: {error}.", _OTHER_CERTIFICATE) from error
        except Unreachable as error:
            raise CommandFailure(f"{self.address} cannot be reached: {error}.", self.if_away) from error
        if answer.status == 401:
            raise CommandFailure(f"{self.address} does not take the key.", _OTHER_KEY)
        return answer

    def _url(self, path: str) -> str:
        return f"{self.address}{path}" if path.startswith("/") else f"{self.address}/rankloop/v1/{path}"

    def _refusal(self, method: str, path: str, answer: Answer) -> CommandFailure:
        return CommandFailure(
            f"{method} {self._url(path)} was answered {answer.summary().rstrip('.')}.", _next_step(answer)
        )


def _serves(data: Path, address: str) -> bool:
    """Whether `up` serves a folder at the address, or at one that it begins with."""
    try:
        return f"{address}/".startswith(f"{Welcome.read(data).url}/")
    except CommandFailure:
        return False


def _certificate(data: Path, address: str) -> Path | None:
    """The certificate of the folder of `up`, which vouches for addresses of this machine alone."""
    file, parts = Certificate(data).file, urlsplit(address)
    return file if parts.scheme == "https" and parts.hostname in LOOPBACK and file.exists() else None


def _next_step(answer: Answer) -> str:
    if answer.status == 403:
        return f"Put a key with that role into the variable {KEY_VARIABLE}."
    if answer.status in (400, 404, 409) and answer.code:
        return "Correct what the message names."
    if answer.status >= 500 or answer.status == 429:
        return "Wait a moment, then run it again; if it stays, look into the log of the functions."
    return "See that this is the address of a loop, and nothing more."
