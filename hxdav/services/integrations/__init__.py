"""Integrations: connect, control, reconnect, explain, health."""
