"""The identities by which a process signs in; the SDKs of storage, which a Rank does not need, are not imported."""

import azure.core  # noqa: F401 - as a whole, before a part of it: see `azure_sdk`
from azure.identity import DefaultAzureCredential, ManagedIdentityCredential

__all__ = ["DefaultAzureCredential", "ManagedIdentityCredential"]
