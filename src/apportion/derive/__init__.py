"""What counts, made of what came in by the model in use; it can be made again (`D2`)."""
