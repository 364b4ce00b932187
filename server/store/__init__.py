"""The Django app whose models own the schema of everything the server keeps."""
