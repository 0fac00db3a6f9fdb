"""What a serving process tells its supervisor over their link."""

from __future__ import annotations

READY = b"r"
"""It accepts connections."""

REFUSED = b"x"
"""It cannot serve, and what follows says what an administrator has to mend first: starting it again is no use."""
