"""HTTP for all functions: versions, routes, keys, requests, answers, refusals, and the description of the API."""
