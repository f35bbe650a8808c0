"""What happens to every request, from the outside in; plain ASGI, one file a layer."""
