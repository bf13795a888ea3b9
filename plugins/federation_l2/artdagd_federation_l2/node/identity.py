"""Signing in through the registry."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import time
from collections import OrderedDict
from urllib.parse import quote, urlencode

import msgspec

from artdagd.hooks import (
    Identity,
    NodeAccess,
    OutboundAnswer,
    OutboundFailed,
    OutboundRefused,
    ProviderUnreachable,
    SignInRefused,
    WebRequest,
)
from artdagd_federation_l2.node.actors import Actors
from artdagd_federation_l2.node.checks import trouble as registry_trouble
from artdagd_federation_l2.node.incoming import Incoming
from artdagd_federation_l2.node.pace import TooOften
from artdagd_federation_l2.node.replies import NAME, NotBelieved, identity
from artdagd_federation_l2.node.sending import Sender, date_of, retry_after
from artdagd_federation_l2.node.signins import SignIn, SignIns
from artdagd_federation_l2.settings import FederationSettings
from artdagd_federation_l2.signatures import PublicKey, SignatureRefused

log = logging.getLogger(__name__)

SECONDS = 4.0
"""How long the registry may take to verify; beyond it the sign-in is answered 503."""

AT_ONCE = 8
"""Tokens that are verified at once; further ones wait, within ``SECONDS``."""

CHECKED_SECONDS = 5.0
"""How long it is believed that the registry answers at all, or does not."""

REFUSED_SECONDS = 10.0
REFUSED_MAX = 1_000
"""Refused tokens that are remembered: who shows one again does not reach the registry."""

_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{16,512}")


class RegistryIdentity:
    """The registry as the node's identity provider."""

    def __init__(self, node: NodeAccess, sender: Sender, actors: Actors, incoming: Incoming, sign_ins: SignIns) -> None:
        self._node = node
        self._settings: FederationSettings = node.settings
        self._sender = sender
        self._actors = actors
        self._incoming = incoming
        self._sign_ins = sign_ins
        self._places = asyncio.Semaphore(AT_ONCE)
        self._refused: OrderedDict[bytes, float] = OrderedDict()
        self._checking = asyncio.Lock()
        self._checked = (0.0, "")

    @property
    def label(self) -> str:
        return self._settings.domain

    def address(self, state: str) -> str:
        asked = {"renderer": self._node.public_url, "state": state}
        return f"{self._settings.server}/attach?{urlencode(asked, quote_via=quote, safe='')}"

    async def check(self) -> None:
        async with self._checking:
            until, trouble = self._checked
            if until <= time.monotonic():
                trouble = await registry_trouble(self._node.outbound, self._settings.server)
                self._checked = (time.monotonic() + CHECKED_SECONDS, trouble)
        if trouble:
            raise ProviderUnreachable(trouble)

    async def redeem(self, token: str, state: str | None) -> Identity:
        if not _TOKEN.fullmatch(token):
            raise SignInRefused("it is no token of a registry")
        mark = hashlib.sha256(msgspec.json.encode([token, state])).digest()
        if self._refused.get(mark, 0.0) > time.monotonic():
            raise SignInRefused("it is unknown, used, expired, or was made for another")
        answer = await self._asked(token, state)
        found = self._believed(answer, state)
        if found is None:
            self._refuse(mark)
            raise SignInRefused("it is unknown, used, expired, or was made for another")
        token_hash = hashlib.sha256(token.encode()).hexdigest()
        await self._sign_ins.note(found.name, token_hash, SignIn(date_of(answer.headers), found.expires_at))
        return found

    async def may_revoke(self, request: WebRequest) -> bool:
        try:
            await self._incoming.signed(request, self._key)
        except (SignatureRefused, TooOften) as refusal:
            log.info("a request to revoke is not the registry's: %s", refusal)
            return False
        return True

    def owns(self, name: str) -> str | None:
        person = name.removeprefix("@").removesuffix(f"@{self._settings.domain}")
        return f"@{person}@{self._settings.domain}" if NAME.fullmatch(person) else None

    async def _asked(self, token: str, state: str | None) -> OutboundAnswer:
        body = msgspec.json.encode({"token": token, "audience": self._node.public_url, "state": state})
        try:
            async with asyncio.timeout(SECONDS), self._places:
                address = f"{self._settings.server}/auth/verify"
                # By RFC 9421, whose nonce tells two questions apart that are alike within a second.
                return await self._sender.send("POST", address, body, seconds=SECONDS, first="rfc9421")
        except TimeoutError:
            raise ProviderUnreachable(f"it did not answer within {SECONDS:g} s") from None
        except (OutboundFailed, OutboundRefused) as error:
            raise ProviderUnreachable(str(error)) from None

    def _believed(self, answer: OutboundAnswer, state: str | None) -> Identity | None:
        """Raises ProviderUnreachable for what is no answer of the contract."""
        if answer.status == 401:
            raise ProviderUnreachable("it does not accept this node's signature: can it reach L1_PUBLIC_URL?")
        if answer.status != 200:
            wait = retry_after(answer.headers, 30)
            raise ProviderUnreachable(f"it answers {answer.status}", min(wait, 3600))
        if answer.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise ProviderUnreachable("it did not answer in JSON")
        try:
            return identity(answer.body, self._settings, self._node.public_url, state)
        except NotBelieved as error:
            raise ProviderUnreachable(f"its answer can't be believed: {error}") from None

    def _refuse(self, mark: bytes) -> None:
        self._refused[mark] = time.monotonic() + REFUSED_SECONDS
        self._refused.move_to_end(mark)
        if len(self._refused) > REFUSED_MAX:
            self._refused.popitem(last=False)

    async def _key(self, key_id: str, fresh: bool) -> PublicKey:
        """The registry's own key alone: not those of its people, nor of anybody else."""
        address = f"{self._settings.server}/actor"
        if key_id.partition("#")[0] != address:
            raise SignatureRefused("the request is not signed by the registry's own actor")
        owner, key = await self._actors.of_key(key_id, fresh=fresh)
        if owner.id != address:
            raise SignatureRefused("the key is not the registry's own actor's")
        return key
