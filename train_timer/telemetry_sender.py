"""Sends figures to Application Insights; started by `telemetry`, as a process of its own."""

import logging
import sys
from typing import Any, NamedTuple

from shared.learner.driver import main

_SECONDS = 5.0


class _Token(NamedTuple):
    """A token of the app's identity, in the form in which the exporter takes tokens."""

    token: str
    expires_on: int


class _Credential:
    """Gives the token that it was given; this process ends before that does."""

    def __init__(self, token: str, expires_on: int) -> None:
        self._token = _Token(token, expires_on)

    def get_token(self, *_: str, **__: object) -> _Token:
        return self._token


def _answer(job: dict[str, Any]) -> dict[str, Any]:
    try:
        return {} if _sent(job) else {"error": "they were not taken"}
    except Exception as error:  # whatever it is, its text might hold the connection string
        return {"error": type(error).__name__}


def _sent(job: dict[str, Any]) -> bool:
    from azure.monitor.opentelemetry.exporter import AzureMonitorMetricExporter
    from opentelemetry.sdk.metrics.export import MetricExportResult

    exporter = AzureMonitorMetricExporter(
        connection_string=job["connection"],
        disable_offline_storage=True,
        timeout=_SECONDS,
        read_timeout=_SECONDS,
        retry_total=0,
        **({"credential": _Credential(*job["token"])} if job["token"] else {}),
    )
    return exporter.export(_metrics(job)) is MetricExportResult.SUCCESS


def _metrics(job: dict[str, Any]) -> Any:
    from opentelemetry.sdk.metrics.export import MetricsData, ResourceMetrics, ScopeMetrics
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope

    metrics = [_metric(figure, {"Mode": job["mode"]}, job["atUs"] * 1000) for figure in job["figures"]]
    scope = ScopeMetrics(InstrumentationScope("rankloop"), metrics, "")
    return MetricsData([ResourceMetrics(Resource({"service.name": "rankloop"}), [scope], "")])


def _metric(figure: dict[str, Any], attributes: dict[str, str], at_ns: int) -> Any:
    """A number, or a sum that is told with how many values it has, so that its average is known."""
    from opentelemetry.sdk.metrics.export import (
        AggregationTemporality,
        Histogram,
        HistogramDataPoint,
        Metric,
        NumberDataPoint,
        Sum,
    )

    name, value, count = figure["name"], figure["value"], figure["count"]
    data: Any
    if count is None:
        data = Sum([NumberDataPoint(attributes, at_ns, at_ns, value)], AggregationTemporality.DELTA, is_monotonic=False)
    else:
        unknown: Any = None
        point = HistogramDataPoint(attributes, at_ns, at_ns, count, value, [count], [], unknown, unknown)
        data = Histogram([point], AggregationTemporality.DELTA)
    return Metric(name, "", "", data)


if __name__ == "__main__":
    logging.disable()
    main(int(sys.argv[1]), _answer)
