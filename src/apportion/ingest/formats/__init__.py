"""One file for each format. It exposes ``FORMAT`` and is found by being here."""
