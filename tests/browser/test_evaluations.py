"""Evaluations: what other settings would have earned."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from localhost.azurite.emulator import Azurite
from tests.browser import loops
from tests.browser.conftest import OpenPage, Photograph
from tests.browser.loops import KEY, QUICK
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.loop import past
from tests.loop.stored_loop import StoredLoop
from tests.loop.trainers import Trainer

OWN = "/rankloop/v1/evaluations"
BLIND = "--cb_explore_adf --epsilon 0.2 --cb_type mtr"
"""Settings that cannot learn what a guest has to do with a dish."""
PAIRS = "--cb_explore_adf --epsilon 0.2 --cb_type mtr -q ::"


@pytest.fixture(scope="module")
def optimized(azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A loop that learned with blind settings, and in its first round of automatic optimization found better ones."""
    storage = azurite.new_account().connection_string
    with StoredLoop(storage) as stored:
        settings = past.configuration(
            BLIND, reward_wait_time="PT10M", model_export_frequency="PT15M", is_auto_optimization_enabled=True
        )
        past.configure(stored, settings)
        with ThreadPoolExecutor(1) as pool:  # Playwright has an event loop in this thread
            pool.submit(loops.good_past().write, stored).result()
        with HostProcess(storage, env=QUICK) as host:
            api = Api.at(host.url, KEY, tries=4)
            started = time.monotonic()
            while not (rounds := api.get(OWN).json["value"]) or rounds[0]["status"] in ("Running", "Succeeded"):
                assert time.monotonic() < started + 40, (rounds, api.get("/rankloop/v1/status").json)
                time.sleep(0.3)
                
            print("round took", time.monotonic() - started, rounds)
            yield api


def test_look(optimized: Api, open_page: OpenPage, photograph: Photograph) -> None:
    page = open_page(optimized, "/evaluations?create=yes")
    page.wait_for_timeout(1500)
    page.set_viewport_size({"width": 1280, "height": 1400})
    photograph(page, "list")
    page.get_by_role("link", name="Round 1").click()
    page.wait_for_timeout(1500)
    page.set_viewport_size({"width": 1280, "height": 2200})
    page.get_by_role("button", name="Find out").click()
    page.wait_for_timeout(4000)
    photograph(page, "one")
    page.get_by_role("button", name="Use Hyper1").click()
    page.wait_for_timeout(500)
    photograph(page, "apply")
    page.get_by_role("radio", name="The settings only").click()
    page.wait_for_timeout(500)
    photograph(page, "apply2")
    page.get_by_role("button", name="Cancel").click()
    page.set_viewport_size({"width": 390, "height": 2800})
    page.wait_for_timeout(500)
    photograph(page, "phone")
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(500)
    photograph(page, "dark")
