"""The queries of the alerts, of the workbook and of the pages, and what is wrong with a query."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from localhost.azurite.node import node
from localhost.environment import ROOT

INFRA: Final = ROOT / "infra"
TABLES: Final = {
    "AppTraces": (
        "(TimeGenerated: datetime, Message: string, SeverityLevel: int, Properties: dynamic, OperationName: string, "
        "OperationId: string, AppRoleName: string, AppRoleInstance: string, ItemCount: int, Type: string)"
    ),
    "AppRequests": (
        "(TimeGenerated: datetime, Name: string, Url: string, Success: bool, ResultCode: string, DurationMs: real, "
        "Properties: dynamic, OperationName: string, OperationId: string, AppRoleName: string, "
        "AppRoleInstance: string, ItemCount: int, Type: string)"
    ),
}
"""The tables of a workspace that the queries read, with the columns that matter here.

Source: the reference of Azure Monitor's tables.
"""
_CHECK: Final = Path(__file__).with_name("check.cjs")


def workbook() -> Any:
    """What the portal opens."""
    return json.loads((INFRA / "workbook.json").read_text(encoding="utf-8"))


@cache
def of_alerts() -> Mapping[str, str]:
    """The queries of the alerts by the names of their files."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(INFRA.glob("queries/*.kql"))}


@cache
def of_workbook() -> Mapping[str, str]:
    """The queries of the workbook by the names of its parts, with a value for each parameter."""
    contents = {item["name"]: item["content"] for item in workbook()["items"]}
    queries = {name: content["query"] for name, content in contents.items() if "query" in content}
    return {name: re.sub(r"\{TimeRange:grain\}", "5m", query) for name, query in queries.items()}


@cache
def of_pages() -> Mapping[str, str]:
    """The queries of `docs/operating.md`, numbered in their order."""
    text = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    return {f"page-{number}": query for number, query in enumerate(re.findall(r"```kusto\n(.*?)```", text, re.DOTALL))}


def wrong(texts: Mapping[str, str]) -> dict[str, list[str]]:
    """What the language service finds wrong with each query: syntax, names, types."""
    ended = subprocess.run(
        [node(), str(_CHECK)],
        input=json.dumps({"tables": TABLES, "texts": texts}),
        env={**os.environ, "NODE_PATH": str(ROOT / "node_modules")},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    document: dict[str, list[str]] = json.loads(ended.stdout)
    return document
