"""The SDK's client of queues for an event loop, and its errors; threads import other parts of the SDKs meanwhile."""

import azure.core  # noqa: F401 - as a whole, before a part of it: see `shared.storage.azure_sdk`
from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.storage.queue.aio import QueueClient

__all__ = ["AzureError", "QueueClient", "ResourceExistsError", "ResourceNotFoundError"]
