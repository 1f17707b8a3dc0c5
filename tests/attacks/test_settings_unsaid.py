"""What a deployment is set to, against callers without a key and readers of its log: no setting is repeated."""

import traceback
from collections.abc import Mapping

import pytest

from shared import settings
from shared.settings import InvalidSetting, declarations
from shared.storage.azure.account import account
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.http.conftest import NEVER
from tests.storages import NewStorage

SECRET = "hunter2"
STORAGE = {"AzureWebJobsStorage": "UseDevelopmentStorage=true"}
ENDPOINTS = [
    f"http://[{SECRET}",
    f"http://a:{SECRET}/a",
    f"http://{SECRET}@a/a",
    f"http://{SECRET} b/a",
    f"{SECRET}://a",
]
WRONG = [
    *({setting.name: f"{text}"} for setting in declarations().values() for text in (SECRET, f"{SECRET} 1 2 3 4")),
    *({name: SECRET} for name in ("AUTH_TENANT", "AUTH_AUTHORITY", "AUTH_PAGE_CLIENT_ID", "AUTH_AUDIENCE")),
    {"AUTH_AUTHORITY": f"http://127.0.0.1:{SECRET}"},
    {"AzureWebJobsStorage": SECRET},
    {"AzureWebJobsStorage": f"AccountName={SECRET}"},
    {"AzureWebJobsStorage": f"AccountName=a;AccountKey={SECRET}é"},
    {"AzureWebJobsStorage": f"AccountName={SECRET} /;AccountKey=YQ=="},
    *({"AzureWebJobsStorage": f"AccountName=a;AccountKey=YQ==;TableEndpoint={address}"} for address in ENDPOINTS),
    {"AzureWebJobsStorage": "", "AzureWebJobsStorage__accountName": f"{SECRET} /"},
    {"AzureWebJobsStorage": "", "AzureWebJobsStorage__accountName": "a", "AzureWebJobsStorage__credential": SECRET},
    {"AzureWebJobsStorage": "", "AzureWebJobsStorage__accountName": "a", "AzureWebJobsStorage__blobServiceUri": SECRET},
    {"WRITE_DEADLINE": "PT61S"},
    {"JOIN_GRACE": "PT61M"},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_setting_that_makes_no_sense_is_named_and_not_repeated(wrong: Mapping[str, str]) -> None:
    """Nor is it in the log, with all that led to the refusal: someone may have put a key into the wrong setting."""
    with pytest.raises(InvalidSetting) as refused:
        account(settings.read({**STORAGE, **wrong}).storage)

    told = "".join(traceback.format_exception(refused.value)) + refused.value.advice
    shown = [line for line in told.splitlines() if not line.startswith("  ")]  # without the lines of the source
    assert refused.value.name in {*wrong, "JOIN_GRACE", "AUTH_TENANT"}
    assert [text for text in (SECRET, "PT61S", "PT61M", "PT1M1S") if text in "\n".join(shown)] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"SHARDS": SECRET},
        {"AzureWebJobsStorage": f"AccountName=a;AccountKey=YQ==;TableEndpoint=http://[{SECRET}"},
        {"AzureWebJobsStorage": f"AccountName=a;AccountKey=YQ==;BlobEndpoint=http://127.0.0.1:{SECRET}/a"},
    ],
    ids=str,
)
def test_nobody_without_a_key_is_told_what_a_setting_is(new_storage: NewStorage, wrong: Mapping[str, str]) -> None:
    """`/ready` names the setting, so that whoever set it can correct it."""
    variables = {"AzureWebJobsStorage": new_storage(), "API_KEY_1": "key", **NEVER, **wrong}
    with HostProcess(env=variables, ready_path="/status") as host:
        api = Api.at(host.url, "key")
        answers = [api.get(path) for path in ("/ready", "/status", "/rankloop", "/rankloop/v1/status")]
        told = b"".join(answer.body + str(answer.headers).encode() for answer in answers).decode() + host.log()

    assert [answer.status for answer in answers[:2]] == [503, 200]
    assert f"Setting {next(iter(wrong))}: " in answers[0].json["missing"][0]
    assert SECRET not in told
