"""The loop's own certificate, made once: it shows others that an exported model is from this loop."""

from shared import running_call
from shared.models.signing import Signer, new_signer
from shared.storage.clock import now_us
from shared.storage.paths import this_loop
from shared.storage.this_storage import blobs
from shared.storage_errors import StorageUnavailable


def signer() -> Signer:
    """The key and the certificate of this loop; the first call makes both.

    Raises:
        StorageUnavailable: The certificate vanished while it was read.
    """
    stored = blobs().read(this_loop().signer)
    if stored is None:
        with running_call.harmless():
            blobs().create(this_loop().signer, new_signer(this_loop().name, now_us()))
        stored = blobs().read(this_loop().signer)
    if stored is None:
        raise StorageUnavailable("the loop's certificate vanished while it was read")
    return Signer.read(stored.data)
