"""The host of the log mirror, checked before it is set: what the trainer would refuse to connect to is not taken."""

from urllib.parse import urlsplit

from shared.configuration import container_sas
from shared.configuration.service_configuration import ServiceConfiguration
from shared.storage.public_addresses import NotPublic, is_public, resolve
from shared.storage.this_storage import this_storage
from shared.web.errors import InvalidSasUri

_PLACE = "logMirrorSasUri"


def check(before: ServiceConfiguration, after: ServiceConfiguration) -> None:
    """Check where a changed configuration has the log copied to. Blocking.

    A host that cannot be looked up now is taken: who connects to it looks it up, and checks what is answered then.

    Raises:
        InvalidSasUri: The app does not connect to that host.
    """
    places = [(service.log_mirror_enabled, service.log_mirror_sas_uri) for service in (before, after)]
    if not after.log_mirror_enabled or places[0] == places[1]:
        return
    if container_sas.is_on_this_machine(after.log_mirror_sas_uri):
        if not this_storage().is_local:
            raise InvalidSasUri("Only a loop on one machine, with its storage, copies to that machine.", _PLACE)
        return
    parts = urlsplit(after.log_mirror_sas_uri)
    try:
        resolve(parts.hostname or "", parts.port, is_public)
    except NotPublic as refusal:
        text = "Its host has an address that is not public, such as that of a private endpoint. Take an account that is"
        raise InvalidSasUri(f"{text} reached from the internet.", _PLACE) from refusal
    except OSError:
        return
