"""What a reader of the contract sees of a value before having one: examples, and what the path's parameters are."""

from __future__ import annotations

from typing import Any

_CLIP = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"

RECIPE = """\
name: soft
inputs:
  clip: {type: video}
steps:
  - {id: blurred, type: EFFECT, inputs: [clip], config: {effect: blur, sigma: 2}}
output: blurred
"""

_WHOLE = {"recipe_yaml": RECIPE, "inputs": {"clip": _CLIP}}

BODIES: dict[str, dict[str, Any]] = {
    "start_run": {
        "an effect": {"effect": "blur", "inputs": [_CLIP], "config": {"sigma": 2}},
        "a recipe": {"recipe": "soft", "inputs": {"clip": _CLIP}},
    },
    "run_recipe": {"inputs": {"inputs": {"clip": _CLIP}}},
    "make_plan": {"a text": _WHOLE, "a recipe": {"recipe": "soft", "inputs": {"clip": _CLIP}}},
    "run_recipe_text": {"a text": _WHOLE},
    "execute_plan": {"a plan": {"plan_id": "baguqeeraqfkb3hkzkvpq3vh5s4frm6kkgfaxcpnhwz2vcvlwxexlf6ptnfia"}},
    "verify_run": {"a run": {"run_id": "run-78098b60af3b38bbe425"}},
    "update_meta": {"a description": {"title": "Dawn", "tags": ["sea", "study"], "metadata": {"take": 3}}},
    "collect_garbage": {"a look": {"plan": True}, "down to 100 GB": {"to_bytes": 10**11}},
    "verify_blobs": {"one in twenty": {"percent": 5}, "one by name": {"cids": [_CLIP]}},
    "create_token": {"for an hour": {"name": "studio", "scopes": ["read", "write"], "expires_in": 3600}},
    "revoke_token": {"by hash": {"token_hash": "0" * 64}},
    "revoke_user": {"a user": {"username": "giles"}},
    "add_provider": {"a folder": {"type": "local", "name": "shelf", "config": {"path": "/srv/shelf"}}},
    "add_provider_form": {"a folder": {"type": "local", "name": "shelf", "config": {"path": "/srv/shelf"}}},
    "change_provider": {"another name": {"name": "attic"}},
    "sign_in_with_token": {"a token": {"token": "artdag_…", "next": "/runs"}},
}
"""Bodies by operation: what each shows -> the body."""

PARAMETERS: dict[str, dict[str, Any]] = {
    "cid": {
        "description": "The CID of the bytes, in any base; `Qm…` too.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 200},
        "example": _CLIP,
    },
    "recipe_id": {
        "description": "A recipe's id, which is the CID of its text, or its name: then the newest that you have.",
        "schema": {"type": "string", "minLength": 1},
        "example": "soft",
    },
    "name": {
        "description": "The name of an example that comes with the node.",
        "schema": {"type": "string", "minLength": 1},
        "example": "mirrors",
    },
    "run_id": {
        "description": "A run's id.",
        "schema": {"type": "string", "minLength": 1},
        "example": "01JDPF4T3H7Z3W6K5J1Y9C2QXM",
    },
    "step_id": {
        "description": "The id of a step of the run.",
        "schema": {"type": "string", "minLength": 1},
        "example": "tinted",
    },
    "token_id": {
        "description": "The first 16 digits of the SHA-256 of a token.",
        "schema": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
        "example": "0123456789abcdef",
    },
    "provider_id": {
        "description": "A storage provider's id.",
        "schema": {"type": "string", "minLength": 1},
        "example": "b2f1",
    },
    "type": {
        "description": "A kind of storage, such as `local`.",
        "schema": {"type": "string", "minLength": 1},
        "example": "local",
    },
}
"""Parameters of paths; one that is not here is any text that is not empty."""
