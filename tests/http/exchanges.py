"""Calls that the API's descriptions give an example of, in words of our own: what is sent, and what comes back."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.web import versions
from shared.web.versions import Version

_CONTEXT = [
    {"visitor": {"kind": "guest", "place": "52.5,13.4"}},
    {"clock": {"part": "evening"}},
    {"basket": {"size": 2}},
]
_ACTIONS = [
    {"id": "soup", "features": [{"served": "hot"}]},
    {"id": "salad", "features": [{"served": "cold"}]},
    {"id": "cake", "features": [{"served": "cold", "sweet": True}]},
]
_POLICY = {
    "name": "kitchen",
    "arguments": "--cb_explore_adf --epsilon 0.1 --dsjson --cb_type ips -l 0.25 --l1 1E-06 --power_t 0.5",
}
_CONFIGURATION_1_0 = {
    "rewardWaitTime": "PT20M",
    "defaultReward": 0.0,
    "rewardAggregation": "sum",
    "explorationPercentage": 0.3,
    "modelExportFrequency": "PT15M",
    "logMirrorEnabled": True,
    "logMirrorSasUri": "https://kitchen.blob.core.windows.net/menus?se=2030-01-01T00%3A00Z&sp=rwl&sv=2020-10-02&sr=c&sig=x",
    "logRetentionDays": 14,
}
_CONFIGURATION_1_1 = _CONFIGURATION_1_0 | {
    "learningMode": "Online",
    "isAutoOptimizationEnabled": True,
    "autoOptimizationFrequency": "P14D",
    "autoOptimizationStartDate": "2026-02-01T00:00:00Z",
}
_MULTI_SLOT = {
    "contextFeatures": _CONTEXT,
    "actions": _ACTIONS,
    "slots": [
        {"id": "top", "features": [{"width": "full"}], "excludedActions": ["salad"], "baselineAction": "cake"},
        {"id": "margin", "features": [{"width": "narrow"}], "baselineAction": "soup"},
    ],
    "eventId": "menu-of-the-day",
    "deferActivation": False,
}
_EVALUATION = {
    "name": "which menu",
    "startTime": "2026-01-02T00:00:00Z",
    "endTime": "2026-01-09T00:00:00Z",
    "policies": [_POLICY],
}
_IMPORTANCE = {"name": "what counts", "startTime": "2026-01-02T00:00:00Z", "endTime": "2026-01-09T00:00:00Z"}


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call and its answer.

    Attributes:
        method, path: With parameters in braces, without the version's prefix.
        since: The first version that has the operation.
        body: A JSON value, or bytes.
        status: Of the answer.
        fields: Fields of the answer that a test can know beforehand.
        slots: Whether it needs a multi-slot loop.
        values: Of the path's parameters.
        until: The last version that this is an exchange of.
    """

    method: str
    path: str
    status: int
    body: Any = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    since: str = "v1.0"
    until: str = "2022-09-01-preview"
    slots: bool = False
    values: Mapping[str, str] = field(default_factory=dict)

    def versions(self) -> Iterator[Version]:
        """The versions that this is an exchange of."""
        for version in versions.since(self.since):
            yield version
            if version.name == self.until:
                return

    def url(self, version: Version) -> str:
        """Its path and query in a version."""
        query = f"?api-version={version.api_version}" if version.api_version else ""
        return f"/{version.prefix}/{self.path.format(**self.values)}{query}"


def _event(path: str, body: Any = None, **further: Any) -> Exchange:
    return Exchange("POST", path, 204, body, values={"eventId": "menu-7"}, **further)


def _importance(method: str, status: int, body: Any = None, fields: Mapping[str, Any] | None = None) -> Exchange:
    path, values = "featureImportances/{featureImportanceId}", {"featureImportanceId": "kitchen-1"}
    return Exchange(method, path, status, body, fields or {}, since="2022-09-01-preview", values=values)


def _evaluation(method: str, status: int, body: Any = None, fields: Mapping[str, Any] | None = None) -> Exchange:
    path, values = "evaluations/{evaluationId}", {"evaluationId": "kitchen-1"}
    return Exchange(method, path, status, body, fields or {}, since="2022-09-01-preview", values=values)


EXCHANGES = (
    Exchange(
        "POST",
        "rank",
        201,
        {
            "contextFeatures": _CONTEXT,
            "actions": _ACTIONS,
            "excludedActions": ["salad"],
            "eventId": "menu-7",
            "deferActivation": False,
        },
        {"eventId": "menu-7"},
    ),
    _event("events/{eventId}/reward", {"value": 1.0}),
    _event("events/{eventId}/activate"),
    Exchange("GET", "configurations/service", 200),
    Exchange("PUT", "configurations/service", 200, _CONFIGURATION_1_0, _CONFIGURATION_1_0, until="v1.0"),
    Exchange(
        "PUT",
        "configurations/service",
        200,
        _CONFIGURATION_1_1,
        _CONFIGURATION_1_1,
        since="v1.1-preview.1",
        until="v1.1-preview.3",
    ),
    Exchange(
        "PUT",
        "configurations/service",
        200,
        _CONFIGURATION_1_1 | {"modelRetrainDays": 0},
        _CONFIGURATION_1_1 | {"modelRetrainDays": 0},
        since="2022-09-01-preview",
    ),
    Exchange("PUT", "configurations/policy", 200, _POLICY, _POLICY),
    Exchange("GET", "configurations/policy", 200),
    Exchange("DELETE", "configurations/policy", 200),
    Exchange("GET", "metrics/apprentice", 400, since="v1.1-preview.1"),
    Exchange("GET", "model", 200),
    Exchange("GET", "model/properties", 200),
    Exchange("DELETE", "model", 204),
    Exchange("GET", "logs/properties", 200),
    Exchange("DELETE", "logs", 204),
    Exchange("POST", "logs/interactions", 400, b"records", since="v1.1-preview.2"),
    Exchange("POST", "logs/observations", 400, b"records", since="v1.1-preview.2"),
    Exchange("POST", "multislot/rank", 201, _MULTI_SLOT, {"eventId": "menu-of-the-day"}, "v1.1-preview.1", slots=True),
    _event(
        "multislot/events/{eventId}/reward",
        {"reward": [{"slotId": "top", "value": 0.5}, {"slotId": "margin", "value": 0.75}]},
        since="v1.1-preview.1",
        slots=True,
    ),
    _event("multislot/events/{eventId}/activate", since="v1.1-preview.1", slots=True),
    Exchange(
        "POST",
        "evaluations",
        201,
        _EVALUATION | {"enableOfflineExperimentation": True},
        {"name": "which menu", "status": "pending", "featureImportance": []},
        until=versions.LAST_OF_V1,
    ),
    *(
        Exchange(
            method, "evaluations/{evaluationId}", status, until=versions.LAST_OF_V1, values={"evaluationId": "unknown"}
        )
        for method, status in (("GET", 404), ("DELETE", 204))
    ),
    _evaluation("PUT", 200, _EVALUATION | {"enablePolicyOptimization": True}),
    _evaluation("GET", 200, fields={"id": "kitchen-1", "name": "which menu", "evaluationType": "Manual"}),
    _evaluation("DELETE", 204),
    Exchange("GET", "evaluations", 200),
    Exchange(
        "POST",
        "configurations/applyFromEvaluation",
        404,
        {"evaluationId": "unknown", "policyName": "online"},
        since="v1.1-preview.1",
    ),
    _importance("PUT", 200, _IMPORTANCE),
    _importance("GET", 200, fields={"id": "kitchen-1", **_IMPORTANCE, "featureScores": []}),
    Exchange("GET", "featureImportances", 200, since="2022-09-01-preview"),
    _importance("DELETE", 204),
)
