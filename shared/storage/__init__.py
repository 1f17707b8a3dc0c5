"""The storage account: sign-in, HTTP, blobs, tables and their names; nothing here knows what the loop stores."""
