"""What `up` says once it serves, and can say again as long as it does."""

import json
import shlex
from dataclasses import asdict, dataclass
from pathlib import Path

from localhost import private_files
from localhost.certificate import Certificate
from localhost.failures import CommandFailure
from localhost.page import page_link
from localhost.setup.places import PLACES

_UNENCRYPTED = "Calls and their key are not encrypted: serve so only in a network that you trust."
_UNNAMED = "The certificate is for this machine's own names alone: elsewhere, clients that check it refuse it."


@dataclass(frozen=True, slots=True)
class Welcome:
    """Where a loop of this machine is.

    Attributes:
        url: By which this machine reaches the loop.
        storage: The folder of its data, or words for where else they are.
        is_open: Whether other machines may reach the loop.
    """

    url: str
    storage: str
    is_open: bool

    def write(self, data: Path) -> None:
        """Leave it in the folder of `up`, without the key."""
        private_files.write(_file(data), json.dumps(asdict(self)))

    @classmethod
    def read(cls, data: Path) -> "Welcome":
        """Read it from the folder of `up`.

        Raises:
            CommandFailure: No loop serves with the data of the folder.
        """
        try:
            return cls(**json.loads(_file(data).read_text(encoding="utf-8")))
        except (FileNotFoundError, ValueError, TypeError) as error:  # a write that was cut off leaves no object
            raise CommandFailure(
                f"No loop serves with the data in {data}.",
                f"Start one with `{PLACES.program} up`, choose its folder by --data, or an address by --endpoint.",
            ) from error

    @staticmethod
    def remove(data: Path) -> None:
        """Take it out of the folder."""
        _file(data).unlink(missing_ok=True)

    def text(self, key: str, data: Path) -> str:
        """Write address, key, the link of the page, and a first call.

        Args:
            key: An API key of the loop.
            data: The folder of `up`.
        """
        folder = "" if data == PLACES.data else f" --data {shlex.quote(str(data))}"
        header = f'-H "Ocp-Apim-Subscription-Key: {key}" -H "Content-Type: application/json"'
        actions = '[{"id": "pasta", "features": [{"hot": true}]}, {"id": "salad", "features": [{"hot": false}]}]'
        rank = f'{{"eventId": "lunch-1", "contextFeatures": [{{"weather": "cold"}}], "actions": {actions}}}'
        base = f"{self.url}/personalizer/v1.0"
        certificate = Certificate(data).file if self._is_https else None
        curl = curl_command(certificate)
        return f"""
{place_lines(self.url, key)}
Data                {self.storage}
{trust_lines(certificate)}{self._reach()}
Rank:
  {curl} -X POST {base}/rank {header} -d '{rank}'
Reward:
  {curl} -X POST {base}/events/lunch-1/reward {header} -d '{{"value": 1}}'
Is it learning?
  {PLACES.program} status{folder}
"""

    def _reach(self) -> str:
        if not self.is_open:
            return ""
        port = self.url.rpartition(":")[2]
        return f"""\
Open to             other machines and containers, by the name or an address of this machine and port {port}.
                    {_UNNAMED if self._is_https else _UNENCRYPTED}
"""

    @property
    def _is_https(self) -> bool:
        return self.url.startswith("https:")


def trust_lines(certificate: Path | None) -> str:
    """Write how clients come to trust a certificate; nothing where a loop has none."""
    if certificate is None:
        return ""
    file = shlex.quote(str(certificate))
    return f"""\
Certificate         {certificate}
  Python, JavaScript, .NET on Linux: export REQUESTS_CA_BUNDLE={file} NODE_EXTRA_CA_CERTS={file} SSL_CERT_FILE={file}
  Java: keytool -importcert -noprompt -alias rankloop -file {file} -keystore truststore.p12 -storepass changeit
"""


def curl_command(certificate: Path | None) -> str:
    """Write how a call with curl begins."""
    return f"curl --cacert {shlex.quote(str(certificate))}" if certificate else "curl"


def place_lines(address: str, key: str) -> str:
    """Write where a loop is: address, key, and the link of its page."""
    return f"""\
Rankloop serves at {address}
API key             {key}
Page                {page_link(address, key)}"""


def _file(data: Path) -> Path:
    return data / "welcome.json"
