"""Fedify (npm), an ActivityPub framework that shares no code with ours, run by the Node.js that comes with it."""

from __future__ import annotations

import base64
import json
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from artdagd_federation_l2.signatures import Request, Scheme, SigningKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.needs import missing

FOLDER = Path(__file__).parent / "fedify"
SPECS = {"cavage": "draft-cavage-http-signatures-12", "rfc9421": "rfc9421"}
_MACHINES = {"x86_64": "x64", "aarch64": "arm64"}


def answers(jobs: list[dict[str, Any]], script: str = "peer.mjs") -> list[Any]:
    """What Fedify makes of the jobs. The test is skipped where Fedify is not installed."""
    node = FOLDER / "node_modules" / f"node-linux-{_MACHINES.get(platform.machine(), 'none')}" / "bin/node"
    if not node.is_file() or not (FOLDER / "node_modules/@fedify/fedify").is_dir():
        missing("fedify", "make fedify installs it (npm, from plugins/federation_l2/tests/fedify)")
    ran = subprocess.run(
        [node, script], cwd=FOLDER, input=json.dumps(jobs), capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    found: list[Any] = json.loads(ran.stdout)
    assert len(found) == len(jobs)
    return found


def verify_job(scheme: Scheme, url: str, request: Request, key: SigningKey) -> dict[str, Any]:
    """Check a request of ours; the answer's ``keyId`` is null for one that is refused."""
    owner = key.key_id.partition("#")[0]
    return {
        "act": "verify",
        "spec": SPECS[scheme],
        "method": request.method,
        "url": url,
        "headers": request.headers,
        "body": base64.b64encode(request.body).decode(),
        "actor": {
            "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
            "id": owner,
            "type": "Application",
            "inbox": f"{owner}/inbox",
            "publicKey": {"id": key.key_id, "owner": owner, "publicKeyPem": key.public_pem},
        },
    }


def sign_job(
    scheme: Scheme, method: str, url: str, headers: Mapping[str, str], body: bytes, key: SigningKey, **rfc9421: object
) -> dict[str, Any]:
    """Sign a request; the answer has its ``headers`` and its ``body`` in base64."""
    secret = key.private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return {
        "act": "sign",
        "spec": SPECS[scheme],
        "method": method,
        "url": url,
        "headers": list(headers.items()),
        "body": base64.b64encode(body).decode(),
        "key": base64.b64encode(secret).decode(),
        "keyId": key.key_id,
        "rfc9421": rfc9421,
    }
