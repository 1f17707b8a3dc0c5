"""The description of the API in OpenAPI 3.1, made from the operations and their models."""

import re
from collections.abc import Sequence
from typing import Any

import orjson

from shared.web.operations import Api
from shared.web.refusal_forms import ErrorResponse
from shared.web.registry import ServedOperation
from shared.web.schemas import Schema, Schemas
from shared.web.versions import VERSIONS

_OWN = "rankloop"
_ABOUT = (
    "The Personalizer API in all its published versions, and the loop's own API. Every answer of a deployed loop has "
    "the header rankloop-package: the id of the package that answers."
)
_REFUSED = (400, 401, 403, 411, 429, 500, 503)
_REFUSED_CHANGE = (*_REFUSED, 504)
_REFUSED_OPEN = (400, 411, 500, 503)
_ID: Schema = {"type": "string", "minLength": 1, "maxLength": 256}
_CODE: Schema = {"x-ms-error-code": {"description": "The code of the error.", "schema": {"type": "string"}}}
_PAUSE: Schema = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "string"}}}
_SECURITY: Schema = {
    "key": {"type": "apiKey", "in": "header", "name": "Ocp-Apim-Subscription-Key"},
    "token": {"type": "http", "scheme": "bearer"},
}
_REASONS = {
    200: "Done.",
    201: "Made.",
    204: "Done, and nothing to say.",
    400: "The request says something it may not; nothing was changed.",
    401: "The call carries no key and no token of this loop.",
    403: "The key or the token has not the role that this needs, or the loop is not set up for it.",
    404: "There is no such thing.",
    405: "It was made by an older version of the API.",
    409: "It does not fit what is there.",
    411: "The body came in chunks, without a length; nothing was changed.",
    429: "More calls came than are taken on; try again later.",
    500: "The service failed.",
    503: "Storage did not answer in time; nothing was acknowledged.",
    504: "Storage did not answer in time, and does not say whether it happened.",
}


def describe(operations: Sequence[ServedOperation]) -> bytes:
    """Describe operations, as JSON text."""
    schemas = Schemas(
        _models([model for served in operations for model in (served.request, served.query)]),
        _models([ErrorResponse, *(served.answer for served in operations)]),
    )
    paths: dict[str, Schema] = {}
    for served in operations:
        for method in served.methods:
            paths.setdefault(f"/{served.route}", {})[method.lower()] = _operation(served, method, schemas)
    return orjson.dumps(
        {
            "openapi": "3.1.0",
            "info": {"title": "Rankloop", "description": _ABOUT, "version": "1"},
            "servers": [{"url": "/"}],
            "security": [{name: []} for name in _SECURITY],
            "tags": [{"name": name} for name in (*(version.name for version in VERSIONS), _OWN)],
            "paths": paths,
            "components": {"schemas": schemas.named, "securitySchemes": _SECURITY},
        }
    )


def _models(bodies: Sequence[Any]) -> list[Any]:
    """Select the bodies that are models, each once; others are media types or none."""
    return list(dict.fromkeys(model for model in bodies if model is not None and not isinstance(model, str)))


def _operation(served: ServedOperation, method: str, schemas: Schemas) -> Schema:
    operation: Schema = {
        "operationId": served.name if method == served.methods[0] else f"{served.name}_{method.lower()}",
        "summary": (served.handler.__doc__ or "").split("\n", 1)[0],
        "tags": [served.version.name if served.version else _OWN],
        "parameters": _parameters(served, schemas),
        "responses": _responses(served, schemas),
    }
    if (request := served.request) is not None:
        operation["requestBody"] = {"required": True, "content": _content(request, schemas.of_request)}
    if served.api is Api.OPEN:
        operation["security"] = []
    return operation


def _parameters(served: ServedOperation, schemas: Schemas) -> list[Schema]:
    in_path = re.findall(r"\{(\w+)\}", served.route)
    parameters: list[Schema] = [{"name": name, "in": "path", "required": True, "schema": _ID} for name in in_path]
    if served.version and (api_version := served.version.api_version):
        parameters.append({"name": "api-version", "in": "query", "required": True, "schema": {"enum": [api_version]}})
    if served.query is not None:
        parameters += [
            {"name": name, "in": "query", "required": required, "schema": schema}
            for name, schema, required in schemas.fields(served.query)
        ]
    return parameters


def _responses(served: ServedOperation, schemas: Schemas) -> Schema:
    refused = _REFUSED_OPEN if served.api is Api.OPEN else _REFUSED_CHANGE if served.changes_documents else _REFUSED
    responses = {str(status): _refusal(status, served, schemas) for status in sorted({*refused, *served.doc.refusals})}
    for status in served.doc.statuses:
        responses[str(status)] = {"description": _REASONS[status]}
        if served.answer is not None:
            responses[str(status)]["content"] = _content(served.answer, schemas.of_answer)
    return dict(sorted(responses.items()))


def _refusal(status: int, served: ServedOperation, schemas: Schemas) -> Schema:
    response: Schema = {"description": _REASONS[status], "content": _content(ErrorResponse, schemas.of_answer)}
    headers = _CODE if served.version and served.version.has_code_header else {}
    headers = headers | (_PAUSE if status in (429, 503) else {})
    return response | ({"headers": headers} if headers else {})


def _content(model: Any, schema: Any) -> Schema:
    if isinstance(model, str):
        return {model: {}}
    return {"application/json": {"schema": schema(model)}}
