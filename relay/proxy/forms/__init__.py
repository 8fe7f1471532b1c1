"""Uploaded forms (multipart/form-data, RFC 7578): read as they come, kept on disk where they are
long, and sent on. Knows no endpoint; `form` is what endpoints look at."""
