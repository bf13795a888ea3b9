"""What everybody can read: what this is, and works."""

from __future__ import annotations

from quart import Blueprint, Response, request

from artdagd_federation_l2.registry.actors import page_number
from artdagd_federation_l2.registry.rendering import page
from artdagd_federation_l2.registry.services import Services
from artdagd_federation_l2.registry.works import PAGE, of_node

NEWEST = 6


def blueprint(services: Services) -> Blueprint:
    routes = Blueprint("pages", __name__)

    @routes.get("/")
    async def home() -> Response:
        return await page(services, "home.html", works=await services.works.newest(size=NEWEST))

    @routes.get("/works")
    async def works() -> Response:
        number, total = page_number(request.args.get("page")) or 1, await services.works.count()
        found = await services.works.newest(number)
        following = number + 1 if number * PAGE < total else None
        return await page(
            services, "works.html", works=found, total=total, earlier=number - 1 or None, following=following
        )

    @routes.get("/works/<id_>")
    async def work(id_: str) -> Response:
        found = await services.works.get(id_)
        renderer = of_node(found, await services.renderers.all())
        media = renderer.origin if renderer else ""
        return await page(services, "work.html", media=media, work=found, renderer=renderer)

    return routes
