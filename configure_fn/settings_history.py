"""The history of settings: who changed what, when, from what and to what."""

import asyncio

from azure.functions import HttpRequest, HttpResponse

from shared.access.role import Role
from shared.configuration import configuration_store, settings_history_store
from shared.configuration.forms import settings_history
from shared.configuration.forms.settings_history import History
from shared.configuration.settings_change import SettingsChange
from shared.models import published_store
from shared.web.operations import Api, Functions
from shared.web.pages import Page, PageQuery, next_link
from shared.web.responses import json_answer

functions = Functions()


@functions.operation(["GET"], "configurations/history", Role.READ, api=Api.OWN, query=PageQuery, answer=History)
async def read_settings_history(req: HttpRequest) -> HttpResponse:
    """The last changes of settings, and of the model by hand, newest first."""
    page, changes = Page.read(req.params), await asyncio.to_thread(_read_newest_first)
    return json_answer(settings_history.answer(page.of(changes), next_link(req, page.after(len(changes)))))


def _read_newest_first() -> tuple[SettingsChange, ...]:
    configuration, published = configuration_store.read_configuration(), published_store.read_published()
    return settings_history_store.read_with(configuration.changes, published.changes)[::-1]
