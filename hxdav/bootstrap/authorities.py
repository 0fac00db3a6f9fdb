"""Certificate authorities that a practice trusts beside the public ones."""

from __future__ import annotations

import ssl
from pathlib import Path

from hxdav.config import Settings
from hxdav.errors import ConfigurationError


def authorities_of(settings: Settings) -> str:
    """The certificate authorities of the practice's own; raises ConfigurationError where the file holds none."""
    path = settings.bridges.ca_file
    return "" if path is None else read_authorities(path)


def read_authorities(path: Path) -> str:
    """Certificate authorities in a PEM file; raises ConfigurationError where there are none that can be read."""
    try:
        text = path.read_text(encoding="ascii")
        ssl.create_default_context(cadata=text)
    except (OSError, ValueError, ssl.SSLError):
        raise ConfigurationError(
            f"{path} holds no certificates that can be read: it has to be a PEM file with those of certificate "
            "authorities, each from BEGIN CERTIFICATE to END CERTIFICATE."
        ) from None
    return text
