"""What the smoke check reports of a loop that works."""

import time

from deployment import findings
from localhost.azurite.emulator import Azurite
from tests.conftest import StartHost
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.infra.packaged import wait_for_trainer
from tests.infra.smoking import KEY, run

QUICK = {"TRAIN_SCHEDULE": "*/1 * * * * *", "API_KEY_1": KEY}


def test_its_own_event_is_not_reported_as_one_to_learn_from(start_host: StartHost) -> None:
    """The loop itself counts it among those that wait, which would contradict the check's own report."""
    api = Api.at(start_host(**QUICK).url, KEY)
    until = time.monotonic() + 30
    while not (before := api.get("/rankloop/v1/status").json["because"]).startswith("No Rank call"):
        assert time.monotonic() < until, before
        time.sleep(0.1)
    _, output = run("--endpoint", f"http://127.0.0.1:{api.port}", RANKLOOP_KEY=KEY)

    assert api.get("/rankloop/v1/status").json["because"].startswith("1 event waits to be learned. ")
    assert findings.OWN.match(before)
    assert "\n  Learning  not yet: nothing but the event of this check has come in yet, and from that one" in output


def test_a_loop_that_works_with_warnings_is_reported_as_such(azurite: Azurite) -> None:
    """Such as that the other key is a reference that the platform could not resolve."""
    reference = "@Microsoft.KeyVault(VaultName=kv;SecretName=api-key-2)"
    with HostProcess(azurite.new_account().connection_string, env={**QUICK, "API_KEY_2": reference}) as process:
        wait_for_trainer(process.url, KEY, None)
        code, output = run("--endpoint", process.url, RANKLOOP_KEY=KEY)

    assert code == 0
    assert "\nThe loop works, with warnings.\n  Warning   KeyNotResolved: Setting API_KEY_2 opens nothing: " in output
    assert "the role Key Vault Secrets User" in output
