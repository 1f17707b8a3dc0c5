"""The files of the page, as a browser asks for them."""

import gzip
import re
from pathlib import Path

import pytest

from portal_fn.files import PAGE
from tests.http.api import Api

IMPORT = re.compile(r'^(?:im|ex)port\b[^"`;]*?\bfrom ?"([^"]+)"|\bimport\("([^"]+)"\)', re.MULTILINE)
HTML = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture(scope="module")
def anyone(api: Api) -> Api:
    """The host without a key: the files hold nothing of the loop."""
    return Api(api.host, api.port, None)


def test_a_browser_at_the_root_is_led_to_the_page(anyone: Api) -> None:
    """Relative to where it is, for there may be a path before it; programs are told that there is nothing."""
    browser = anyone.get("/", HTML)
    program = anyone.get("/", {"Accept": "*/*"})

    assert (browser.status, browser.headers["location"]) == (302, "rankloop")
    assert (program.status, program.error["code"]) == (404, "ResourceNotFound")


@pytest.mark.parametrize(
    ("path", "before"), [("/rankloop", "rankloop/"), ("/rankloop/", ""), ("/rankloop/index.html", "")]
)
def test_the_document_names_files_that_are_there(anyone: Api, path: str, before: str) -> None:
    """Whether or not there is a slash at the end of its address, or the name of its file."""
    document = anyone.get(path)
    names = re.findall(r'(?:src|href)="([^"]+)"', document.body.decode())

    assert document.status == 200
    assert len(names) > 5
    assert all(name.startswith(before) and not name.startswith(("/", "http")) for name in names)
    assert {name: anyone.get(f"/rankloop/{name.removeprefix(before)}").status for name in names} == dict.fromkeys(
        names, 200
    )


def test_every_import_of_a_module_is_there(anyone: Api) -> None:
    """By its place among the files, since a browser knows no packages."""
    modules = [path for path in PAGE.rglob("*") if path.suffix in (".js", ".mjs")]
    imported = [
        (module, name)
        for module in modules
        for name in map("".join, IMPORT.findall(module.read_text(encoding="utf-8")))
    ]
    missing = [
        (module.name, name)
        for module, name in imported
        if name[0] != "." or not (module.parent / name).resolve().is_file()
    ]

    assert len(imported) > 20
    assert missing == []


def test_a_file_is_compressed_and_asked_for_again_only_if_it_is_another(anyone: Api) -> None:
    plain = anyone.get("/rankloop/main.js")
    packed = anyone.get("/rankloop/main.js", {"Accept-Encoding": "gzip, br"})
    refused = anyone.get("/rankloop/main.js", {"Accept-Encoding": "br, gzip;q=0"})
    again = anyone.get("/rankloop/main.js", {"If-None-Match": plain.headers["etag"]})

    assert plain.body == (PAGE / "main.js").read_bytes()
    assert (packed.headers["content-encoding"], gzip.decompress(packed.body)) == ("gzip", plain.body)
    assert ("content-encoding" in refused.headers, refused.body) == (False, plain.body)
    assert (again.status, again.body) == (304, b"")
    assert packed.headers["etag"] == plain.headers["etag"]
    assert plain.headers["etag"].startswith('W/"'), "weak, since it is that of both"
    assert plain.headers["content-type"] == "text/javascript; charset=utf-8"


def test_the_page_may_run_its_own_files_only(anyone: Api) -> None:
    """Nothing inline, nothing of another host, in no frame; and no cookies."""
    document = anyone.get("/rankloop")
    policy = dict(part.strip().split(" ", 1) for part in document.headers["content-security-policy"].split(";"))

    assert (policy["default-src"], policy["script-src"], policy["style-src"]) == ("'none'", "'self'", "'self'")
    assert policy["connect-src"] == "'self'", "this loop signs nobody in by Entra ID"
    assert (policy["frame-ancestors"], policy["base-uri"], policy["form-action"]) == ("'none'", "'none'", "'none'")
    assert document.headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in document.headers
    assert re.search(r"<script(?![^>]*\ssrc=)|<style|\son\w+=|\sstyle=", document.body.decode()) is None


def test_a_loop_without_tokens_offers_keys_only(anyone: Api) -> None:
    answer = anyone.get("/rankloop/sign-in.json")

    assert (answer.headers["content-type"], answer.json) == ("application/json", {})


@pytest.mark.parametrize(
    "path",
    [
        "/rankloop/none.js",
        "/rankloop/../function_app.py",
        "/rankloop/%2e%2e/files.py",
        "/rankloop/v1/none",
        "/rankloop/styles",
    ],
)
def test_what_is_no_file_of_the_page_is_unknown_like_any_other_path(anyone: Api, path: str) -> None:
    answer = anyone.get(path)

    assert (answer.status, answer.error["code"]) == (404, "ResourceNotFound")


def test_the_api_below_the_page_keeps_its_spellings(api: Api) -> None:
    """A slash too many makes no difference, and other methods are answered as before."""
    assert api.get("/rankloop/v1//status").json["learning"] is False
    assert api.post("/rankloop/none.js", {}).status == 404


def test_no_file_of_the_page_has_a_key_or_an_address_of_another_host() -> None:
    """But for the names of XML, licences, and what the libraries say of themselves."""
    own = [path for path in PAGE.rglob("*") if path.is_file() and "libraries" not in path.parts]
    addresses = {
        address for path in own for address in re.findall(r"https?://[\w.-]+", Path(path).read_text(encoding="utf-8"))
    }

    assert addresses <= {"http://www.w3.org", "https://my-loop.azurewebsites.net"}
