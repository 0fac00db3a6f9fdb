"""The remotes: one folder per provider, each an implementation of the port in ``remote.py`` (docs/engine.md)."""
