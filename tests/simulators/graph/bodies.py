"""Words of events as Exchange lays them out: text becomes HTML, HTML becomes text, and neither comes back unchanged."""

from __future__ import annotations

import html
import re

from tests.simulators.graph.wire import Json

META = '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
_BREAKS = re.compile(r"(?i)<br\s*/?>|</(p|div|li|tr)>")
_IGNORED = re.compile(r"(?is)<(head|style|script)\b.*?</\1>")
_TAGS = re.compile(r"(?s)<[^>]*>")


def shown_body(kept: Json, *, as_text: bool, ending: str = "") -> Json:
    """The body as it is answered: HTML, unless text was preferred (``outlook.body-content-type``)."""
    content = kept["content"]
    if as_text:
        told = plain(kept)
        return {"contentType": "text", "content": told + ending if told else ""}
    if not content:
        return {"contentType": "html", "content": ""}
    if kept["contentType"] == "text":
        lines = html.escape(content, quote=False).splitlines()
        content = '<div class="PlainText">' + "<br>\r\n".join(lines) + "</div>\r\n"
    return {"contentType": "html", "content": _wrapped(content)}


def plain(kept: Json) -> str:
    """The words of a body without their layout, lines ended as Exchange ends them."""
    text = kept["content"]
    if kept["contentType"] == "html":
        text = _TAGS.sub("", _BREAKS.sub("\n", _IGNORED.sub("", re.sub(r"\s*\n\s*", " ", text))))
        text = html.unescape(text).strip()
    return "\r\n".join(text.splitlines())


def preview(kept: Json) -> str:
    """The first 255 characters."""
    return plain(kept)[:255]


def _wrapped(content: str) -> str:
    if "<html" in content.lower():
        return content if META in content else re.sub(r"(?i)<head[^>]*>", f"<head>{META}", content, count=1)
    return f"<html><head>\r\n{META}</head>\r\n<body>\r\n{content}\r\n</body>\r\n</html>\r\n"
