"""Alembic migrations; each imports nothing from hxdav, so that it means the same for ever."""
