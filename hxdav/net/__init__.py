"""Guarded HTTP: calls to servers that a person or another server has named (docs/architecture.md).

Knows addresses, TLS, time and size limits, redirects. Knows no provider and nothing about calendars; nothing of a
request or an answer reaches a log line or an error but the host's name.
"""
