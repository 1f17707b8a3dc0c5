"""Storage in an account of Azure: Table, Blob and Queue Storage."""
