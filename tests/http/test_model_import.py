"""Models come in over HTTP, signed or as plain files, and go out again."""

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import vowpalwabbit

from shared.models import published_store, signing
from shared.models.published import Origin, Published, Start
from shared.models.signed_file import MAX_MODEL_BYTES, SignedModel, unpack
from shared.models.signing import Signer, new_signer
from shared.storage.paths import this_loop
from shared.storage.this_storage import blobs
from tests.hosts import HostProcess
from tests.http.api import Answer, Api
from tests.http.conftest import NEVER
from tests.http.ranked_model import ARGUMENTS, REQUEST, best_chance, log_line
from tests.http.test_model_in_use import await_probability
from tests.storages import NewStorage

V1, NEW, OWN = (
    "/personalizer/v1.1-preview.3",
    "/personalizer/model?api-version=2022-09-01-preview",
    "/rankloop/v1/model",
)
PATHS = [f"{V1}/model", NEW]
KEY = "test-key-1"


@pytest.fixture(scope="module")
def own_api(new_storage: NewStorage, here: Callable[[str], None]) -> Iterator[Api]:
    """A host of its own, since its model changes, whose storage is this process's too."""
    storage = new_storage()
    here(storage)
    with HostProcess(storage, env={"API_KEY_1": KEY, **NEVER}) as started:
        yield Api.at(started.url, KEY)


@pytest.fixture(autouse=True)
def no_model(own_api: Api) -> None:
    published_store.change_published(lambda _: Published())


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Files of Vowpal Wabbit: one that knows what pays, one that knows nothing, and one for several slots."""
    folder = tmp_path_factory.mktemp("models")
    several = ARGUMENTS.replace("--cb_", "--ccb_", 1)
    return {
        "trained": make_model(folder / "trained.vw", ARGUMENTS, events=200),
        "empty": make_model(folder / "empty.vw", ARGUMENTS),
        "several": make_model(folder / "several.vw", several),
    }


def make_model(path: Path, arguments: str, events: int = 0) -> bytes:
    learner = vowpalwabbit.Workspace(arg_list=[*arguments.split(), "--dsjson", "--quiet"])
    for number in range(events):
        learner.learn(learner.parse(log_line(shown=number % 4)))
    learner.save(str(path))
    learner.finish()
    return path.read_bytes()


@cache
def stranger() -> Signer:
    """Whoever signs elsewhere: making a key takes a moment."""
    return Signer.read(new_signer("elsewhere", 0))


def sign(model: bytes, by: Signer | None = None) -> bytes:
    signer = by or stranger()
    return SignedModel(model, signer.certificate, signer.sign(model)).pack()


def code(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.error["code"]


@pytest.mark.parametrize("path", PATHS)
def test_a_signed_model_is_used_and_given_back_byte_by_byte(own_api: Api, models: dict[str, bytes], path: str) -> None:
    """No matter who signed it, as long as the signature belongs to it; Rank answers from it within seconds."""
    answer = own_api.put(path, sign(models["trained"]))

    assert (answer.status, answer.body) == (204, b"")
    assert models["trained"] == own_api.get(path).body
    await_probability(own_api, best_chance(0.2))
    times = own_api.get(f"{V1}/model/properties").json
    assert "2026" < times["creationTime"] <= times["lastModifiedTime"]
    assert [len(moment) for moment in times.values()] == [len("2026-11-25T13:42:45+00:00")] * 2


@pytest.mark.parametrize("path", PATHS)
def test_a_signed_export_that_is_imported_changes_no_byte(own_api: Api, models: dict[str, bytes], path: str) -> None:
    """Nor does it between two exports."""
    own_api.put(OWN, models["trained"])
    question = "&" if "?" in path else "?"
    before = own_api.get(f"{path}{question}signed=false").body
    first, second = (own_api.get(f"{path}{question}signed=true") for _ in range(2))

    assert own_api.put(path, first.body).status == 204

    assert first.body == second.body
    assert first.headers["content-disposition"] == "attachment; filename=model.vw.zip; filename*=UTF-8''model.vw.zip"
    assert before == models["trained"] == own_api.get(path).body


def test_no_model_is_exported_signed_and_imported_as_no_model(own_api: Api, models: dict[str, bytes]) -> None:
    """What clients do before a loop has learned anything; it forgets a model that there is."""
    nothing = own_api.get(f"{V1}/model?signed=true").body
    assert unpack(nothing).model == b""
    own_api.put(OWN, models["trained"])

    assert own_api.put(f"{V1}/model", nothing).status == 204

    assert own_api.get(f"{V1}/model").body == b""
    assert published_store.read_published().model is None


def test_an_export_is_signed_by_the_loop_s_own_certificate(own_api: Api, models: dict[str, bytes]) -> None:
    """The list of models has its fingerprint, and no answer has the key."""
    own_api.put(OWN, models["trained"])
    export = own_api.get(f"{V1}/model?signed=true").body
    there = unpack(export)

    signing.check(there.model, there.certificate, there.signature)
    assert own_api.get("/rankloop/v1/models").json["signer"] == {
        "fingerprint": hashlib.sha256(there.certificate).hexdigest()
    }
    stored = blobs().read(this_loop().signer)
    assert stored is not None
    assert b"PRIVATE KEY" in stored.data
    assert b"PRIVATE KEY" not in export


def test_earlier_versions_know_no_signature(own_api: Api, models: dict[str, bytes]) -> None:
    """They sent the model whatever was in the query, and took none."""
    own_api.put(OWN, models["trained"])

    assert models["trained"] == own_api.get("/personalizer/v1.0/model?signed=true").body
    assert own_api.put("/personalizer/v1.1-preview.2/model", sign(models["trained"])).status == 404


def test_signed_is_true_or_false(own_api: Api) -> None:
    """Anything else is refused."""
    assert own_api.get(f"{V1}/model?signed=True").status == 200
    assert code(own_api.get(f"{V1}/model?signed=maybe")) == (400, "BadRequest")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("make_body", "expected"),
    [
        (lambda: b"", "InvalidModelImportFormat"),
        (lambda: b"no archive", "InvalidModelImportFormat"),
        (lambda: sign(b"no model"), "InvalidModelImportFormat"),
        (lambda: sign(b"x")[:-9], "InvalidModelImportFormat"),
        (lambda: SignedModel(b"x", stranger().certificate, b"nothing").pack(), "InvalidModelImportSignature"),
        (lambda: SignedModel(b"x", b"nobody", stranger().sign(b"x")).pack(), "InvalidModelImportSignature"),
        (lambda: SignedModel(bytes(MAX_MODEL_BYTES + 1), b"", b"").pack(), "PayloadSizeExceeded"),
    ],
    ids=["empty", "no archive", "no model", "cut", "no signature", "no certificate", "too large"],
)
def test_what_cannot_be_taken_in_changes_nothing(
    own_api: Api, path: str, make_body: Callable[[], bytes], expected: str
) -> None:
    """Each mistake has the code of the old service."""
    before = published_store.read_published()

    assert code(own_api.put(path, make_body())) == (400, expected)
    assert before == published_store.read_published()


def test_a_plain_model_is_not_taken_where_a_signed_one_is_due(own_api: Api, models: dict[str, bytes]) -> None:
    """And a model that was not signed, but put into an archive, neither."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("model.vw", models["trained"])

    assert code(own_api.put(f"{V1}/model", models["trained"])) == (400, "InvalidModelImportFormat")
    assert code(own_api.put(f"{V1}/model", buffer.getvalue())) == (400, "InvalidModelImportSignature")


def test_a_body_of_more_than_64_mib_is_refused(own_api: Api) -> None:
    """A body of 64 MiB is read."""
    assert code(own_api.put(OWN, bytes(MAX_MODEL_BYTES + 1))) == (400, "PayloadSizeExceeded")
    assert code(own_api.put(OWN, bytes(MAX_MODEL_BYTES))) == (400, "InvalidModelImportFormat")


@pytest.mark.parametrize("path", [*PATHS, OWN])
def test_a_model_of_the_other_problem_type_does_not_fit(own_api: Api, models: dict[str, bytes], path: str) -> None:
    """Rank could not use it."""
    body = models["several"] if path == OWN else sign(models["several"])

    assert code(own_api.put(path, body)) == (409, "ModelRankingError")
    assert published_store.read_published().model is None


def test_a_plain_model_is_taken_by_the_loop_s_own_api(own_api: Api, models: dict[str, bytes]) -> None:
    """With the same checks, and no signature."""
    assert own_api.put(OWN, models["trained"]).status == 204
    await_probability(own_api, best_chance(0.2))
    assert code(own_api.put(OWN, b"")) == (400, "InvalidModelImportFormat")
    assert code(own_api.put(OWN, models["trained"][:100])) == (400, "InvalidModelImportFormat")


def test_training_goes_on_from_an_imported_model(own_api: Api, models: dict[str, bytes]) -> None:
    """At the end of the log; a training state is gone on from as it is."""
    own_api.put(OWN, models["trained"])

    published = published_store.read_published()

    assert published.model is not None
    assert published.generation == 1
    assert published.start == Start(published.model, 0, revision=1)
    assert published.model.origin is Origin.IMPORTED
    assert published.model.sha256 == hashlib.sha256(models["trained"]).hexdigest()
    assert published.model.state_blob == published.model.predictor_blob
    assert published.model.arguments == "--cb_explore_adf --cb_type mtr --epsilon 0.2 -q ::"


def test_the_current_export_follows(own_api: Api, models: dict[str, bytes]) -> None:
    """For applications that read models from blobs; after a reset there is none."""
    own_api.put(OWN, models["trained"])
    exported = blobs().read(f"{this_loop().current_export}model.vw")
    own_api.delete(f"{V1}/model")

    assert exported is not None
    assert models["trained"] == exported.data
    assert blobs().read(f"{this_loop().current_export}model.vw") is None


def test_only_trusted_signers_are_taken_where_some_are_named(new_storage: NewStorage, models: dict[str, bytes]) -> None:
    """By the fingerprints of their certificates, as tools print them."""
    spelled = ":".join(
        stranger().fingerprint.upper()[place : place + 2] for place in range(0, len(stranger().fingerprint), 2)
    )
    settings = {"API_KEY_1": KEY, **NEVER, "TRUSTED_MODEL_SIGNERS": spelled}
    other = Signer.read(new_signer("other", 0))
    with HostProcess(new_storage(), env=settings) as started:
        api = Api.at(started.url, KEY)

        refused = api.put(f"{V1}/model", sign(models["trained"], by=other))
        assert code(refused) == (400, "InvalidModelImportSignature")
        assert other.fingerprint in refused.error["message"]
        assert api.put(f"{V1}/model", sign(models["trained"])).status == 204


def test_a_model_that_was_replaced_stays_among_the_previous_ones(own_api: Api, models: dict[str, bytes]) -> None:
    """So that it can be gone back to."""
    own_api.put(OWN, models["trained"])
    first = published_store.read_published().model
    own_api.put(OWN, models["empty"])

    published = published_store.read_published()

    assert (first,) == published.previous
    assert published.model is not None
    assert published.model != replace(published.model, id=first.id if first else "")


def test_the_example_of_a_rank_is_answered(own_api: Api, models: dict[str, bytes]) -> None:
    """By a model from elsewhere."""
    own_api.put(OWN, models["empty"])

    assert own_api.post("/personalizer/v1.0/rank", REQUEST).status == 201
