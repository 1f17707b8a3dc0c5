"""Where signers are named, only what they have signed gets in, whichever way a model comes."""

import io
import struct
import tracemalloc
import zipfile
from collections.abc import Iterator

import pytest

from shared import settings
from shared.models import published_store, signing
from shared.models.signed_file import MAX_MODEL_BYTES, SignedModel, unpack
from shared.models.signing import Signer, new_signer
from shared.web.errors import InvalidModelImportFormat, InvalidModelImportSignature, TooLarge
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.http.conftest import NEVER
from tests.http.ranked_model import ARGUMENTS
from tests.http.test_model_import import KEY, OWN, PATHS, code, make_model, sign
from tests.storages import NewStorage

TRUSTED, OTHER = (Signer.read(new_signer(name, 0)) for name in ("trusted", "other"))
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder, bits = tmp_path_factory.mktemp("models"), {"a": 10, "b": 11, "c": 12}
    return {name: make_model(folder / name, f"{ARGUMENTS} -b {number}") for name, number in bits.items()}


@pytest.fixture(scope="module")
def loop(new_storage: NewStorage) -> Iterator[str]:
    """An account that is this process's storage too."""
    account = new_storage()
    with settings.use(settings.read({"AzureWebJobsStorage": account})):
        yield account


@pytest.fixture(scope="module")
def before(loop: str, models: dict[str, bytes]) -> dict[str, str]:
    """The ids of models that came in before signers were named: one not signed, two signed by either signer."""
    ids = {}
    with HostProcess(loop, env={"API_KEY_1": KEY, **NEVER}) as started:
        api = Api.at(started.url, KEY)
        for name, path, body in (
            ("not signed", OWN, models["a"]),
            ("other", PATHS[0], sign(models["b"], OTHER)),
            ("trusted", PATHS[1], sign(models["c"], TRUSTED)),
        ):
            assert api.put(path, body).status == 204
            ids[name] = in_use()
    return ids


@pytest.fixture(scope="module")
def api(loop: str, before: dict[str, str]) -> Iterator[Api]:
    """The same loop, now with a signer that it trusts."""
    with HostProcess(loop, env={"API_KEY_1": KEY, **NEVER, "TRUSTED_MODEL_SIGNERS": TRUSTED.fingerprint}) as started:
        yield Api.at(started.url, KEY)


def in_use() -> str:
    model = published_store.read_published().model
    assert model is not None
    return model.id


def test_a_plain_file_is_not_taken_where_signers_are_named(api: Api, models: dict[str, bytes]) -> None:
    """The same bytes with a signature are."""
    used = in_use()

    refused = api.put(OWN, models["b"])

    assert code(refused) == (400, "InvalidModelImportSignature")
    assert f"PUT {PATHS[0]}" in refused.error["message"]
    assert in_use() == used
    assert api.put(PATHS[0], sign(models["b"], TRUSTED)).status == 204


@pytest.mark.parametrize("path", PATHS)
def test_another_s_signature_lets_nothing_in(api: Api, models: dict[str, bytes], path: str) -> None:
    """Neither a model nor none, by which the loop would forget its own."""
    used = in_use()

    answers = [api.put(path, sign(model, OTHER)) for model in (models["a"], b"")]

    assert [code(answer) for answer in answers] == [(400, "InvalidModelImportSignature")] * 2
    assert in_use() == used


@pytest.mark.parametrize(("name", "expected"), [("not signed", 400), ("other", 400), ("trusted", 204)])
def test_a_model_that_came_in_before_is_not_gone_back_to_unless_it_is_signed(
    api: Api, before: dict[str, str], name: str, expected: int
) -> None:
    """It is in the list, but it would get in again."""
    answer = api.post(f"/rankloop/v1/models/{before[name]}/publish")

    assert answer.status == expected
    if expected == 204:
        assert in_use() == before[name]
    else:
        assert answer.error["code"] == "InvalidModelImportSignature"


def test_what_is_used_is_what_was_signed(models: dict[str, bytes]) -> None:
    """An archive that holds two models under one name, or a signature of the other one, is none."""
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = pack(("model.vw", models["a"]), ("model.vw", models["b"]), *proof(models["a"]))
    swapped = unpack(SignedModel(models["b"], TRUSTED.certificate, TRUSTED.sign(models["a"])).pack())

    with pytest.raises(InvalidModelImportFormat):
        unpack(twice)
    with pytest.raises(InvalidModelImportSignature):
        signing.check(swapped.model, swapped.certificate, swapped.signature)


def test_what_an_archive_declares_is_checked_before_it_is_unpacked() -> None:
    """Of 100 MiB in 100 kB not a byte is unpacked; nor of a certificate that is none."""
    bombs = [
        pack(("model.vw", bytes(MAX_MODEL_BYTES + 1)), *proof(b"")),
        pack(("model.vw", b""), ("signer.der", bytes(100 * MIB)), ("sha512_signature.bin", b"")),
        pack(("model.vw", b""), ("signer.der", b""), ("sha512_signature.bin", bytes(100 * MIB))),
    ]

    for bomb in bombs:
        assert len(bomb) < MIB
        with pytest.raises(TooLarge):
            unpack(bomb)
        assert peak_of_unpacking(bomb) < MIB


def test_an_archive_that_declares_less_than_it_holds_gives_no_more(models: dict[str, bytes]) -> None:
    """Nor is what it gives another model: its checksum is of all."""
    honest = pack(("model.vw", bytes(10 * MIB)), *proof(b""))
    central = honest.index(b"PK\1\2")
    lying = honest[: central + 24] + struct.pack("<I", 100) + honest[central + 28 :]

    with pytest.raises(InvalidModelImportFormat):
        unpack(lying)
    assert peak_of_unpacking(lying) < MIB


def proof(model: bytes) -> list[tuple[str, bytes]]:
    return [("signer.der", TRUSTED.certificate), ("sha512_signature.bin", TRUSTED.sign(model))]


def pack(*entries: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return buffer.getvalue()


def peak_of_unpacking(archive: bytes) -> int:
    """How many bytes are held at most while an archive is refused."""
    tracemalloc.start()
    try:
        with pytest.raises((TooLarge, InvalidModelImportFormat, InvalidModelImportSignature)):
            unpack(archive)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
