"""The functions on one machine: the worker library of Azure Functions behind uvicorn, with timers, queues and Azurite.

For development, tests, benchmarks and the demo. The product never imports it and it is never deployed.
"""
