"""The import of models: signed models as the old service accepted them, and plain files of Vowpal Wabbit."""

from collections.abc import Callable

from azure.functions import HttpRequest, HttpResponse

from export_fn import trusted_signers
from shared.access.role import Role
from shared.models import signing
from shared.models.signed_file import MAX_MODEL_BYTES, unpack
from shared.web.errors import InvalidModelImportFormat, TooManyCalls
from shared.web.operations import BINARY, Api, Functions
from shared.web.responses import no_content
from shared.web.threads import SingleThread

functions = Functions()

_PAUSE_SECONDS = 5
_imports = SingleThread("import")
"""A check of a model may take much memory and time, and a signed model is unpacked first."""


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
    await _do_alone(_import_signed, req.get_body(), caller)
    return no_content()


@functions.operation(
    ["PUT"], "model", Role.ADMIN, api=Api.OWN, request=BINARY, status=204, refusals=[409], limit_bytes=MAX_MODEL_BYTES
)
async def import_model_file(req: HttpRequest, caller: str) -> HttpResponse:
    """Use a model file of Vowpal Wabbit from now on, and go on learning from it."""
    if not req.get_body():
        raise InvalidModelImportFormat("The body is empty. To forget the model, use DELETE.")
    await _do_alone(_import_plain, req.get_body(), caller)
    return no_content()


async def _do_alone(work: Callable[[bytes, str], None], body: bytes, caller: str) -> None:
    """Do the work of an import, unless one is going on: who waited for it would be answered too late."""
    if _imports.is_busy:
        raise TooManyCalls("Another model is being imported; nothing was changed. Try again.", _PAUSE_SECONDS)
    await _imports.do(work, body, caller)


def _import_plain(body: bytes, caller: str) -> None:
    from export_fn import imported_model  # here: imports are rare, and a cold start would wait for its modules

    imported_model.import_model(body, caller, signer=None)


def _import_signed(body: bytes, caller: str) -> None:
    from export_fn import imported_model

    signed = unpack(body)
    signing.check(signed.model, signed.certificate, signed.signature)
    signer = signing.fingerprint(signed.certificate)
    if signed.model:
        imported_model.import_model(signed.model, caller, signer)
    else:
        trusted_signers.check(signer)
        imported_model.forget(caller)
