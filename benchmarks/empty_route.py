"""The peer of the server: a route that does nothing."""

from fastapi import FastAPI

application = FastAPI()


@application.get("/")
async def nothing() -> dict[str, str]:
    """As little as an answer can be."""
    return {}
