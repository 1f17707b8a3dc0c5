"""The Functions host and its Python worker, as two processes that speak over gRPC."""
