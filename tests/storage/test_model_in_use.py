"""The served model: it follows what is published, and nothing but the published bytes gets in."""

import hashlib
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from shared.models.published import ModelReference, Published
from shared.ranking.model_in_use import ModelInUse
from shared.storage.azure.rest import Rest
from shared.storage_errors import StorageUnavailable
from tests.faults.proxy import Fault, FaultProxy
from tests.storage.conftest import Services


def load(data: bytes, reference: ModelReference) -> str:
    """A model that is its own text."""
    if data.startswith(b"broken"):
        raise RuntimeError("bad weights")
    return data.decode()


@pytest.fixture
def proxy(services: Services) -> Iterator[FaultProxy]:
    """Between the test and the blobs."""
    with FaultProxy(services.blob) as started:
        yield started


@pytest.fixture
async def models(services: Services, proxy: FaultProxy) -> AsyncIterator[ModelInUse[str]]:
    rest = Rest(services.account(blob=proxy.url), timeout=5)
    yield ModelInUse(rest, load)
    await rest.close()


def store_model(
    services: Services, text: str, *, exists: bool = True, published_as: str | None = None
) -> ModelReference:
    """Store a model, and return its reference; `published_as` is the text whose SHA-256 the reference has."""
    sha256 = hashlib.sha256((published_as or text).encode()).hexdigest()
    path = f"loops/default/models/{text.replace(' ', '-')}/{sha256}.vw"
    if exists:
        services.put(path, text.encode())
    return ModelReference(text, path, sha256, "state", "--cb_explore_adf", 1, 0, 0, 0)


async def test_no_model_is_no_trouble(models: ModelInUse[str]) -> None:
    await models.follow(Published())

    assert await models.current(Published()) is None
    assert models.rejected is None


async def test_the_published_model_is_served_and_followed(models: ModelInUse[str], services: Services) -> None:
    for text in ("one", "two"):
        published = Published(model=store_model(services, text))
        await models.follow(published)
        served = await models.current(published)
        assert served is not None
        assert (served.model, served.reference.id) == (text, text)


async def test_a_model_is_fetched_once(models: ModelInUse[str], services: Services, proxy: FaultProxy) -> None:
    published = Published(model=store_model(services, "once"))

    for _ in range(3):
        await models.follow(published)
        await models.current(published)

    assert len(proxy.requests) == 1


async def test_the_first_rank_of_an_instance_waits_for_the_model(models: ModelInUse[str], services: Services) -> None:
    """An answer by chance, while there is a model, would be a step back at every start."""
    served = await models.current(Published(model=store_model(services, "waits")))

    assert served is not None
    assert served.model == "waits"


async def test_a_model_that_does_not_load_never_gets_in(models: ModelInUse[str], services: Services) -> None:
    good = store_model(services, "good")
    await models.follow(Published(model=good))
    broken = Published(model=store_model(services, "broken"), previous=(good,))

    await models.follow(broken)
    served = await models.current(broken)

    assert served is not None
    assert served.model == "good"
    assert models.rejected is not None
    assert models.rejected.model_id == "broken"
    assert "bad weights" in models.rejected.reason


async def test_bytes_other_than_the_published_ones_never_get_in(models: ModelInUse[str], services: Services) -> None:
    good = store_model(services, "good")
    await models.follow(Published(model=good))
    other = Published(model=store_model(services, "other bytes", published_as="these"), previous=(good,))

    await models.follow(other)
    served = await models.current(other)

    assert served is not None
    assert served.model == "good"
    assert models.rejected is not None
    assert "SHA-256" in models.rejected.reason


async def test_a_rejected_model_is_not_fetched_again_and_the_next_one_is_served(
    models: ModelInUse[str], services: Services, proxy: FaultProxy
) -> None:
    broken = Published(model=store_model(services, "broken again"))
    for _ in range(4):
        await models.follow(broken)
    assert len(proxy.requests) == 1
    assert await models.current(broken) is None

    better = Published(model=store_model(services, "better"))
    await models.follow(better)
    await models.follow(better)
    served = await models.current(better)

    assert served is not None
    assert served.model == "better"
    assert models.rejected is None


async def test_a_new_instance_uses_the_newest_model_that_loads(models: ModelInUse[str], services: Services) -> None:
    """It has no old one to keep, but storage does."""
    previous = (
        store_model(services, "broken too"),
        store_model(services, "gone", exists=False),
        store_model(services, "old but good"),
    )
    published = Published(model=store_model(services, "broken now"), previous=previous)

    served = await models.current(published)

    assert served is not None
    assert served.model == "old but good"
    assert models.rejected is not None
    assert models.rejected.model_id == "broken now"


async def test_a_reset_is_obeyed_at_once(models: ModelInUse[str], services: Services) -> None:
    await models.follow(Published(model=store_model(services, "before")))

    assert await models.current(Published(generation=1)) is None
    await models.follow(Published(generation=1))
    again = await models.current(Published(generation=1, model=store_model(services, "after")))

    assert again is not None
    assert again.model == "after"


async def test_a_model_that_cannot_be_fetched_yet_is_fetched_later(
    models: ModelInUse[str], services: Services, proxy: FaultProxy
) -> None:
    """An instance without a model says so instead of choosing by chance."""
    published = Published(model=store_model(services, "later"))
    proxy.plan = lambda _: Fault(status=503)
    with pytest.raises(StorageUnavailable):
        await models.current(published)
    proxy.plan = lambda _: None

    served = await models.current(published)

    assert served is not None
    assert models.rejected is None


async def test_a_slow_model_comes_in_the_background(
    models: ModelInUse[str], services: Services, proxy: FaultProxy
) -> None:
    await models.follow(Published(model=store_model(services, "quick")))
    slow = Published(model=store_model(services, "slow"))
    proxy.plan = lambda _: Fault(before=4)
    began = time.monotonic()

    await models.follow(slow)
    meanwhile = await models.current(slow)

    assert time.monotonic() - began < 3.5
    assert meanwhile is not None
    assert meanwhile.model == "quick"
    while meanwhile and meanwhile.model == "quick" and time.monotonic() - began < 60:
        await models.follow(slow)
        meanwhile = await models.current(slow)
    assert meanwhile is not None
    assert meanwhile.model == "slow"


async def test_the_same_bytes_under_another_id_are_not_loaded_twice(
    models: ModelInUse[str], services: Services, proxy: FaultProxy
) -> None:
    reference = store_model(services, "same")
    await models.follow(Published(model=reference))
    renamed = Published(model=ModelReference("renamed", reference.predictor_blob, reference.sha256, "", "", 2, 0, 0, 0))

    await models.follow(renamed)
    served = await models.current(renamed)

    assert served is not None
    assert (served.reference.id, len(proxy.requests)) == ("renamed", 1)
