"""What is used of Azure's SDKs, imported as a whole; a process without need of them does not import this.

The modules of `azure.core` import one another in circles. Threads that begin with different ones of them find them half
imported, and fail. So a thread that needs a part waits here until all parts are there. The few other modules that
import a part begin with `azure.core` as a whole, which waits as well.
"""

from azure.core import MatchConditions
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
    ServiceResponseError,
)
from azure.core.pipeline.transport import HttpRequest, RequestsTransport
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobLeaseClient, BlobServiceClient, ContainerClient
from azure.storage.queue import QueueServiceClient

__all__ = [
    "AzureError",
    "AzureNamedKeyCredential",
    "BlobLeaseClient",
    "BlobServiceClient",
    "ContainerClient",
    "HttpRequest",
    "HttpResponseError",
    "MatchConditions",
    "QueueServiceClient",
    "RequestsTransport",
    "ResourceExistsError",
    "ResourceModifiedError",
    "ResourceNotFoundError",
    "ServiceResponseError",
    "TableServiceClient",
]
