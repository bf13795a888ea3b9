"""Which command makes which call of the API. A test holds this to the OpenAPI document: no call is without one."""

from __future__ import annotations

COMMANDS = {
    "health": "status",
    "list_workers": "workers",
    "list_nodes": "nodes",
    "list_plugins": "plugins",
    "show_metrics": "metrics",
    "list_steps": "steps",
    "upload_blob": "cache put",
    "import_blob": "cache import",
    "list_media": "cache list",
    "show_blob": "cache show",
    "download_blob": "cache get",
    "show_meta": "cache meta",
    "update_meta": "cache meta",
    "delete_blob": "cache delete",
    "show_cache": "cache usage",
    "collect_garbage": "cache gc",
    "verify_blobs": "cache verify",
    "watch_blob": "cache preview",
    "show_poster": "cache preview",
    "show_thumbnails": "cache preview",
    "show_waveform": "cache preview",
    "publish_blob": "cache publish",
    "show_publication": "cache publication",
    "withdraw_blob": "cache unpublish",
    "ipfs_gateway": "ipfs address",
    "ipfs_raw": "ipfs get",
    "upload_recipe": "recipes upload",
    "check_recipe": "recipes check",
    "list_recipes": "recipes list",
    "begin_recipe": "recipes new",
    "show_recipe": "recipes show",
    "delete_recipe": "recipes delete",
    "run_recipe": "recipes run",
    "start_run": "render",
    "list_runs": "runs list",
    "show_api_run": "runs show",
    "delete_run": "runs delete",
    "cancel_run": "runs cancel",
    "retry_run": "runs retry",
    "keep_artifact": "runs keep",
    "show_run_plan": "runs plan",
    "explain_run": "runs explain",
    "show_run_analysis": "runs analysis",
    "show_run_provenance": "runs provenance",
    "follow_run": "runs follow",
    "make_plan": "plan",
    "execute_plan": "execute",
    "verify_run": "verify",
    "run_recipe_text": "run",
    "list_examples": "examples list",
    "take_example": "examples take",
    "run_example": "examples run",
    "list_providers": "storage list",
    "show_storage_type": "storage types",
    "show_provider": "storage show",
    "add_provider": "storage add",
    "change_provider": "storage set",
    "remove_provider": "storage remove",
    "test_provider": "storage test",
    "show_session": "whoami",
    "make_login_address": "login",
    "create_token": "token create",
    "list_tokens": "token list",
    "delete_token": "token revoke",
    "revoke_token": "token revoke",
    "revoke_user": "token revoke",
    "download_client": "client",
    "openapi_document": "api",
}
"""Operation -> the words of its command."""

SAME = {
    "landing": "health",
    "show_run": "show_api_run",
    "see_run": "show_api_run",
    "see_run_artifacts": "show_api_run",
    "see_run_plan": "show_run_plan",
    "see_run_analysis": "show_run_analysis",
    "compare_runs": "explain_run",
    "see_recipe": "show_recipe",
    "edit_recipe": "show_recipe",
    "see_recipe_graph": "show_recipe",
    "add_provider_form": "add_provider",
}
"""Operations whose JSON is another's, at an address for people: the other's command is theirs."""

PLAYERS = {"see_live_run", "watch_run", "get_live_fragment"}
"""Operations for players of video: who has a file made has no need to watch it being made."""

WORKERS = {"send_input", "take_result"}
"""Operations for workers alone."""

BROWSERS = {"sign_in"}
"""Operations for a browser alone, which keeps a session in its cookie: who has a token needs none. What gives a page
or a redirect after a form, and nothing for a program, is not listed."""
