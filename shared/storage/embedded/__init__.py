"""Storage in a folder of this machine: SQLite for rows, queues, leases and the index of blobs; files for blobs."""
