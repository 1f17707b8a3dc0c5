"""Which models from outside the loop takes: where signers are named, those that one of them has signed."""

from shared.settings import settings
from shared.web.errors import InvalidModelImportSignature

_SIGNED_PATH = "/personalizer/v1.1-preview.3/model"


def check(signer: str | None) -> None:
    """Check that a model from outside may be used.

    Args:
        signer: The fingerprint of the certificate by which the model was signed; None for a model that was not.

    Raises:
        InvalidModelImportSignature: `TRUSTED_MODEL_SIGNERS` names signers, and none of them has signed the model.
    """
    trusted = settings().trusted_signers
    if not trusted or signer in trusted:
        return
    if signer is None:
        raise InvalidModelImportSignature(
            "The model is not signed, and TRUSTED_MODEL_SIGNERS lets this loop take signed models only: "
            f"PUT {_SIGNED_PATH} takes one with its signature."
        )
    raise InvalidModelImportSignature(
        f"This loop does not trust the signer, whose fingerprint is {signer}: "
        "TRUSTED_MODEL_SIGNERS names those that it trusts.",
        "signer.der",
    )
