"""Models that `published.json` names no more: as long as they are kept, they are listed and can be published again."""

from collections.abc import Iterator

import pytest

from export_fn import models
from shared.configuration import configuration_store
from shared.models import model_store, published_store, reference_store
from shared.models.published import ModelFiles, ModelReference, Origin, Published, model_id
from shared.models.published_store import MOST_PREVIOUS
from shared.storage.this_storage import blobs as stored_blobs
from shared.times import DAY, HOUR, MINUTE
from shared.training import lease
from shared.training.configuration_changes import new_state
from shared.training.lease import Trainer
from shared.web.errors import UnknownModel
from shared.web.pages import Page
from tests.clock import now_us
from tests.faults.proxy import FaultProxy
from train_timer import model_retention, retention

MADE = MOST_PREVIOUS + 12
ARGUMENTS = "--cb_explore_adf --epsilon 0.2"


def make(made_at_us: int) -> ModelReference:
    """A model that is stored, and has learned up to a minute before it was made."""
    position_us = made_at_us - MINUTE
    state, predictor = (
        model_store.put(f"{kind} {position_us}".encode(), position_us, 1) for kind in ("state", "model")
    )
    files = ModelFiles.at(state, predictor, 5, "first", "last")
    return ModelReference.of(
        files,
        model_id(position_us, 1, files.predictor_sha256),
        arguments=ARGUMENTS,
        revision=1,
        learned_from_us=0,
        learned_up_to_us=position_us,
        made_at_us=made_at_us,
        origin=Origin.TRAINED,
    )


def publish(*made: ModelReference) -> None:
    for model in made:
        published, etag = published_store.read_published_version()
        published_store.publish(published.with_model(model), etag)


def list_ids(page: Page | None = None) -> list[str]:
    return [model.reference.id for model in models._list(page or Page())[0]]


@pytest.fixture
def made(blobs: FaultProxy) -> list[ModelReference]:
    """More models than `published.json` names, one every five minutes, the oldest first."""
    made = [make(now_us() - (MADE - number) * 5 * MINUTE) for number in range(MADE)]
    publish(*made)
    return made


def test_all_models_are_listed_in_pages(made: list[ModelReference]) -> None:
    """Newest first, whichever document names them; every instance reads no more than the last of them."""
    newest_first = [model.id for model in reversed(made)]
    pages, page = list[str](), Page(size=25)

    while page is not None:
        pages += list_ids(page)
        page = page.after(models._list(page)[1])

    assert pages == newest_first
    assert len(published_store.read_published().models) == MOST_PREVIOUS + 1
    assert [model.reference for model in models._list(Page(skip=MADE - 1))[0]] == [made[0].without_event_ids()]


def test_the_oldest_model_is_published_again(made: list[ModelReference]) -> None:
    """It is in use then, and in the list once; the others stay in it."""
    models._publish(made[0].id, "end", "a test")

    published = published_store.read_published()
    assert (published.model and published.model.files) == made[0].without_event_ids().files
    assert (published.start.model, published.generation) == (published.model, 1)
    assert list_ids() == [made[0].id, *(model.id for model in reversed(made[1:]))]


def test_a_model_of_which_a_writer_died_before_it_left_the_list_is_listed_once(made: list[ModelReference]) -> None:
    """Its reference is stored first, so that it is named somewhere whatever happens."""
    reference_store.store(made[-1], made[-1].made_at_us)

    assert list_ids() == [model.id for model in reversed(made)]


@pytest.fixture
def trainer(blobs: FaultProxy) -> Iterator[Trainer]:
    """The holder of the lease of a loop that has learned nothing yet."""
    held = lease.take(lambda: new_state(configuration_store.read_configuration(), Published()))
    assert held is not None
    yield held
    held.release()


def test_references_go_with_their_models(trainer: Trainer) -> None:
    """What stays is the last day, and of each day the last model that was in use, although a later one was made."""
    midnight_us = now_us() // DAY * DAY
    old = [make(midnight_us - 3 * DAY + number * HOUR) for number in (1, 2)]
    never_in_use = make(midnight_us - 3 * DAY + 3 * HOUR)
    young = [make(now_us() - (MOST_PREVIOUS + 3 - number) * MINUTE) for number in range(MOST_PREVIOUS + 3)]
    publish(*old, *young)

    retention.apply_retention(trainer, configuration_store.read_configuration(), now_us())

    stored = set(stored_blobs().list_paths("loops/default/models/"))
    assert list_ids() == [*(model.id for model in reversed(young)), old[1].id]
    assert {path for model in (old[1], never_in_use, *young) for path in model.files.paths} == stored
    with pytest.raises(UnknownModel):
        models._publish(old[0].id, "end", "a test")


def test_a_model_that_is_wanted_again_stays_although_it_was_about_to_be_deleted(made: list[ModelReference]) -> None:
    """Retention may have listed the model before the call, and deletes after it."""
    listed = list(model_store.list_blobs())

    models._publish(made[0].id, "end", "a test")
    for blob in listed:
        model_store.remove(blob)

    assert all(model_store.exists(path) for path in made[0].files.paths)
    newest = reference_store.list_all()[0]
    assert newest.model_id == made[0].id
    assert newest not in model_retention.select_superseded_references(reference_store.list_all(), 0, now_us())


def test_a_loop_of_an_earlier_version_loses_no_model(blobs: FaultProxy) -> None:
    """Its models are named in `published.json` alone; those that fall off get a document."""
    made = [make(now_us() - (MADE - number) * MINUTE) for number in range(MOST_PREVIOUS + 1)]
    published_store.change_published(lambda _: Published(model=made[-1], previous=tuple(reversed(made[:-1]))))
    assert reference_store.list_all() == []

    publish(newest := make(now_us()))

    assert list_ids() == [newest.id, *(model.id for model in reversed(made))]
