"""What the page about a first deployment says can be seen is what a deployment makes."""

import re

from tests.infra.snapshots import DEFAULTS, deployment
from tests.unit.pages import page

_PAGE = page("docs/first-deployment.md")
_NOT_LISTED = (
    "Microsoft.Resources/resourceGroups",
    "Microsoft.Authorization/roleAssignments",
    "Microsoft.Insights/diagnosticSettings",
)
"""What `az resource list` does not list, beside parts of another resource."""


def test_the_page_counts_the_resources_that_are_made() -> None:
    """By default, as `az resource list` shows them: one that is missing has failed."""
    types = [resource.type for resource in deployment(DEFAULTS).resources]
    listed = [kind for kind in types if kind.count("/") == 1 and kind not in _NOT_LISTED]

    assert re.findall(r"\*\*Look:\*\* (\d+) lines, all in your region", _PAGE.flat) == [str(len(listed))]


def test_the_form_for_reports_is_that_of_the_page() -> None:
    """Who reports there and who sends it otherwise tell the same."""
    form = page(".github/ISSUE_TEMPLATE/first-deployment.md")

    assert form.blocks("text") == _PAGE.blocks("text")[-1:]


def test_the_page_ends_what_it_began() -> None:
    """What it deploys is removed again."""
    commands = [words[:2] for words in _PAGE.commands() if words[0] == "azd"]

    assert commands.index(["azd", "up"]) < commands.index(["azd", "deploy"]) < commands.index(["azd", "down"])
