"""The view Models: what is listed is what the API lists, and files are its bytes."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from playwright.sync_api import Page, expect

from tests.browser import loops
from tests.browser.conftest import OpenPage, Photograph
from tests.browser.test_accessibility import violations
from tests.http.api import Api
from tests.loop import past
from tests.storages import NewStorage

OWN = "/rankloop/v1"
MODEL = "/personalizer/v1.1-preview.3/model"


@pytest.fixture(scope="module")
def loop(new_storage: NewStorage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A loop with two models, of which the second was imported; of the module's own."""
    made, folder = loops.good_past(events=150, hours=1), tmp_path_factory.mktemp("models")
    with loops.learned(new_storage, folder, made, past.seldom()) as api:
        assert api.put(f"{OWN}/model", api.get(MODEL).body).status == 204
        yield api


def models(api: Api) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = api.get(f"{OWN}/models").json["models"]
    return listed


def current(api: Api) -> str:
    return next(str(model["id"]) for model in models(api) if model["current"])


def offer(page: Page, name: str, content: bytes) -> None:
    """Choose a file to import, and say yes."""
    file = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    page.get_by_label("Model file").set_input_files(file)
    page.get_by_role("dialog").get_by_role("button", name="Import").click()


def test_each_model_tells_what_it_earned_or_why_nothing_is_known(
    loop: Api, open_page: OpenPage, photograph: Photograph
) -> None:
    """With why it was made, what it learned from, and which one is in use."""
    listed = models(loop)
    page = open_page(loop, "/models")
    rows = page.get_by_role("region", name="List of models").locator("tbody tr")

    expect(rows).to_have_count(len(listed))
    for row, model in zip(rows.all(), listed, strict=True):
        expect(row).to_contain_text("in use" if model["current"] else "Publish …")
        expect(row).to_contain_text({"trained": "Learned from more", "imported": "Imported"}[model["origin"]])
        expect(row).to_contain_text(str(model["learnedEvents"]))
        expect(row).to_contain_text(model["earned"]["because"] or f"{model['earned']['averageReward']:.2f}")
        expect(row).to_contain_text(model["arguments"])
    expect(page.locator(".fingerprint")).to_contain_text(loop.get(f"{OWN}/models").json["signer"]["fingerprint"])
    photograph(page, "models")


def test_an_earlier_model_is_published_and_the_other_one_again(
    loop: Api, open_page: OpenPage, photograph: Photograph
) -> None:
    """The API has it in use then, and the history tells how training goes on."""
    before, page = current(loop), open_page(loop, "/models")
    other = next(model["id"] for model in models(loop) if not model["current"])
    in_use = page.locator("tr.current code").first

    for wanted, way in ((other, "The newest model goes on learning"), (before, "From this model, with what comes")):
        row = page.locator("tr").filter(has=page.get_by_text(wanted))
        row.get_by_role("button", name="Publish").click()
        page.get_by_role("radio", name=way).check()
        photograph(page, "models-publish")
        assert violations(page) == []
        page.get_by_role("dialog").get_by_role("button", name="Publish").click()
        expect(in_use).to_have_text(wanted)
        assert current(loop) == wanted

    abouts = [change["about"] for change in loop.get(f"{OWN}/configurations/history").json["changes"][:2]]
    assert abouts == ["trainFrom end", "trainFrom newest"]


def test_a_download_is_what_the_api_gives(loop: Api, open_page: OpenPage, tmp_path: Path) -> None:
    """Plain and signed, byte by byte."""
    page = open_page(loop, "/models")

    for button, path in (("Plain (model.vw)", MODEL), ("Signed (model.vw.zip)", f"{MODEL}?signed=true")):
        with page.expect_download() as download:
            page.get_by_role("button", name=button).click()
        download.value.save_as(tmp_path / "file")

        assert (tmp_path / "file").read_bytes() == loop.get(path).body
        assert download.value.suggested_filename in button


def test_a_file_that_is_no_model_is_refused_in_words(
    loop: Api, open_page: OpenPage, photograph: Photograph, complaints: list[str]
) -> None:
    """Those of the API, and nothing is changed by it."""
    before, page = models(loop), open_page(loop, "/models")
    text, archive = b"this is no model", io.BytesIO()
    with ZipFile(archive, "w") as empty:
        empty.writestr("letter.txt", text)

    for name, content, path in (("a.vw", text, f"{OWN}/model"), ("a.zip", archive.getvalue(), MODEL)):
        told = loop.put(path, content).error["message"]  # first: only one import is done at a time
        offer(page, name, content)
        expect(page.get_by_role("alert")).to_contain_text(told)
        photograph(page, "models-refused")
        page.get_by_role("button", name="Cancel").click()

    assert models(loop) == before
    complaints.clear()  # each refusal is an error in the browser's console


def test_models_come_in_plain_and_signed(loop: Api, open_page: OpenPage) -> None:
    """The page sees by the file which of the two it is."""
    plain, signed = loop.get(MODEL).body, loop.get(f"{MODEL}?signed=true").body
    page = open_page(loop, "/models")

    for name, content in (("model.vw", plain), ("model.vw.zip", signed)):
        before = current(loop)
        offer(page, name, content)
        expect(page.get_by_text(f"{name} was imported.")).to_be_visible()

        newest = models(loop)[0]
        assert (newest["current"], newest["origin"], newest["id"] == before) == (True, "imported", False)
        expect(page.locator("tr.current code").first).to_have_text(newest["id"])


def test_an_export_names_its_blobs(loop: Api, open_page: OpenPage) -> None:
    """All that another loop needs, under the moment."""
    page = open_page(loop, "/models")

    page.get_by_role("button", name="Write an export").click()

    expect(page.locator(".blobs li")).to_have_count(4)
    names = [name.rpartition("/")[2] for name in page.locator(".blobs li").all_inner_texts()]
    assert names == ["learning-settings.json", "configuration.json", "model.vw", "training-state.vw"]
