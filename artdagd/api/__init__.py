"""The HTTP API of ``api.md``: one module a section, one table of routes, the OpenAPI document made from that table."""
