"""The Functions host on one machine: the worker library behind uvicorn, with routes, timers and queues."""
