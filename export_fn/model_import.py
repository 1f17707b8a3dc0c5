"""The import of models: signed models as the old service accepted them, and plain files of Vowpal Wabbit."""

import asyncio

from azure.functions import HttpRequest, HttpResponse

from shared.access.role import Role
from shared.models import signing
from shared.models.signed_file import MAX_MODEL_BYTES, unpack
from shared.settings import settings
from shared.web.errors import InvalidModelImportFormat, InvalidModelImportSignature
from shared.web.operations import BINARY, Api, Functions
from shared.web.responses import no_content

functions = Functions()


@functions.operation(
    ["PUT"],
    "model",
    Role.ADMIN,
    since="v1.1-preview.3",
    request=BINARY,
    status=204,
    refusals=[409],
    limit_bytes=MAX_MODEL_BYTES,
)
async def import_model(req: HttpRequest, caller: str) -> HttpResponse:
    """Use a signed model from now on, and go on learning from it; a signed one without content forgets the model."""
    await asyncio.to_thread(_import_signed, req.get_body(), caller)
    return no_content()


@functions.operation(
    ["PUT"], "model", Role.ADMIN, api=Api.OWN, request=BINARY, status=204, refusals=[409], limit_bytes=MAX_MODEL_BYTES
)
async def import_model_file(req: HttpRequest, caller: str) -> HttpResponse:
    """Use a model file of Vowpal Wabbit from now on, and go on learning from it."""
    if not req.get_body():
        raise InvalidModelImportFormat("The body is empty. To forget the model, use DELETE.")
    await asyncio.to_thread(_import_plain, req.get_body(), caller)
    return no_content()


def _import_plain(body: bytes, caller: str) -> None:
    from export_fn import imported_model  # here: imports are rare, and a cold start would wait for its modules

    imported_model.import_model(body, caller)


def _import_signed(body: bytes, caller: str) -> None:
    from export_fn import imported_model

    signed = unpack(body)
    signing.check(signed.model, signed.certificate, signed.signature)
    _check_trust(signing.fingerprint(signed.certificate))
    if signed.model:
        imported_model.import_model(signed.model, caller)
    else:
        imported_model.forget(caller)


def _check_trust(fingerprint: str) -> None:
    trusted = settings().trusted_signers
    if trusted and fingerprint not in trusted:
        raise InvalidModelImportSignature(
            f"This loop does not trust the signer, whose fingerprint is {fingerprint}: "
            "TRUSTED_MODEL_SIGNERS names those that it trusts.",
            "signer.der",
        )
