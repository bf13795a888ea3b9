"""What everybody can read."""

from __future__ import annotations

from quart import Blueprint, Response

from artdagd_federation_l2.registry.rendering import page
from artdagd_federation_l2.registry.services import Services


def blueprint(services: Services) -> Blueprint:
    routes = Blueprint("pages", __name__)

    @routes.get("/")
    async def home() -> Response:
        return await page(services, "home.html")

    return routes
