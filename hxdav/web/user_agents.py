"""What browsers say of themselves, in words that their owner knows."""

from __future__ import annotations

# In this order: Edge says that it is Chrome, Chrome that it is Safari, and an iPad that it is a Mac.
_BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "CriOS/": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
_DEVICES = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "CrOS": "Chromebook",
    "Macintosh": "Mac",
    "Linux": "Linux",
}


def device_named(agent: str) -> str:
    """The kind of device; nothing where it does not say."""
    return _first(_DEVICES, agent)


def browser_named(agent: str) -> str:
    """The browser and its device, as far as it says."""
    browser, device = _first(_BROWSERS, agent) or "A browser", device_named(agent)
    return f"{browser} on {device}" if device else browser


def _first(names: dict[str, str], agent: str) -> str:
    return next((name for sign, name in names.items() if sign in agent), "")
