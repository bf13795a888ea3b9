"""Storage providers: where copies of blobs go."""

from __future__ import annotations

from artdagd.api.calls import Call
from artdagd.api.requests import Items
from artdagd.api.routes import FORM, Page, Section
from artdagd.api.views import storage as views
from artdagd.errors import Conflict, NotFound
from artdagd.runs.provider_views import ProviderBody, ProviderChanges, ProviderView, Tested, TypeView

section = Section(
    "Storage",
    "Providers that keep copies of blobs. A user's own keep what the user has; those for the node keep everything.",
)


@section.route("GET", "/storage", "List storage providers", page=Page("storage.html", views.providers))
async def list_providers(call: Call) -> Items[ProviderView]:
    """One's own, and for administrators everybody's, newest first; with how far their copies got."""
    return Items(await call.services.storage.every(call.who))


@section.route(
    "POST",
    "/storage",
    "Add a storage provider, from a form",
    status=201,
    scope="write",
    errors=(NotFound, Conflict),
    form="/storage/{provider_id}",
)
async def add_provider_form(call: Call, body: ProviderBody) -> ProviderView:
    """As `POST /storage/add`; a form's fields `config.NAME` are those of `config`."""
    return await call.services.storage.add(body, call.who)


@section.route("POST", "/storage/add", "Add a storage provider", status=201, scope="write", errors=(NotFound, Conflict))
async def add_provider(call: Call, body: ProviderBody) -> ProviderView:
    """What its owner has, or everything if it is `for_node`, is copied there from now on, and read back when it is
    missing. Secrets are sealed and never shown again. Types that are not `for_users`, and providers for the node, are
    for administrators to add."""
    return await call.services.storage.add(body, call.who)


@section.route(
    "GET",
    "/storage/type/{type}",
    "Show a kind of storage",
    errors=(NotFound,),
    page=Page("storage_type.html"),
)
async def show_storage_type(call: Call, type: str) -> TypeView:
    """What its providers are configured with, as JSON Schema."""
    return call.services.storage.type(type)


@section.route(
    "GET",
    "/storage/{provider_id}",
    "Show a storage provider",
    errors=(NotFound,),
    page=Page("provider.html", views.provider),
)
async def show_provider(call: Call, provider_id: str) -> ProviderView:
    return await call.services.storage.get(provider_id, call.who)


@section.route(
    "PATCH", "/storage/{provider_id}", "Change a storage provider", scope="write", errors=(NotFound, Conflict)
)
async def change_provider(call: Call, provider_id: str, body: ProviderChanges) -> ProviderView:
    """Fields that are absent stay, those of `config` too; a field of `config` that is null goes."""
    return await call.services.storage.change(provider_id, body, call.who)


@section.route(
    "DELETE", "/storage/{provider_id}", "Remove a storage provider", status=204, scope="write", errors=(NotFound,)
)
async def remove_provider(call: Call, provider_id: str) -> None:
    """What it keeps stays with it."""
    await call.services.storage.remove(provider_id, call.who)


@section.route(
    "POST",
    "/storage/{provider_id}/change",
    "Change a storage provider, from a form",
    status=303,
    scope="write",
    takes=(FORM,),
    form="/storage/{provider_id}",
    errors=(NotFound, Conflict),
)
async def change_provider_form(call: Call, provider_id: str, body: ProviderChanges) -> None:
    """Fields that are empty stay as they are; those of `config` are `config.NAME`."""
    await call.services.storage.change(provider_id, body, call.who)


@section.route(
    "POST",
    "/storage/{provider_id}/delete",
    "Remove a storage provider, from a form",
    status=303,
    scope="write",
    takes=(FORM,),
    form="/storage",
    errors=(NotFound,),
)
async def remove_provider_form(call: Call, provider_id: str) -> None:
    await call.services.storage.remove(provider_id, call.who)


@section.route(
    "POST",
    "/storage/{provider_id}/test",
    "Test a storage provider",
    scope="write",
    errors=(NotFound,),
    form="/storage/{provider_id}",
)
async def test_provider(call: Call, provider_id: str) -> Tested:
    """Saves a small blob there, looks for it, reads it back and deletes it."""
    return await call.services.storage.test(provider_id, call.who)
