"""Browsers of people, as far as cookies go."""

from __future__ import annotations

import httpx


def browser(url: str) -> httpx.AsyncClient:
    """One that follows nothing."""
    return httpx.AsyncClient(base_url=url, trust_env=False, timeout=30, verify=False)


async def sign_in(visitor: httpx.AsyncClient, token: str) -> None:
    """Show the registry's token, and from then on the session's proof."""
    answer = await visitor.get("/auth", params={"auth_token": token})
    assert answer.status_code == 303, answer.text
    visitor.headers["X-CSRF-Token"] = (await visitor.get("/auth/session")).json()["csrf_token"]
