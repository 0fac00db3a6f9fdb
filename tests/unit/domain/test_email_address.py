"""Which addresses hxdav writes to."""

from __future__ import annotations

import pytest

from hxdav.domain.email_address import is_email_address


@pytest.mark.parametrize(
    "text",
    ["maya@practice.example", "maya.lin+calendar@mail.practice.example", "o'neil@practice.example", "root@localhost"],
)
def test_an_address_is_two_names_around_one_at(text: str) -> None:
    assert is_email_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "maya",
        "@practice.example",
        "maya@",
        "maya@lin@practice.example",
        "maya lin@practice.example",
        " maya@practice.example",
        "maya@practice.example\n",
        "maya@practice.example\r\nBcc: robin@practice.example",
        "maya@practice.example,robin@practice.example",
        "Maya Lin <maya@practice.example>",
        '"maya"@practice.example',
        ".maya@practice.example",
        "maya..lin@practice.example",
        "maya@practice..example",
        "maya@practice.example.",
        "maya\0@practice.example",
        "zoë@practice.example",
        "maya@practice.example" + "e" * 240,
    ],
)
def test_nothing_else_is_an_address(text: str) -> None:
    assert not is_email_address(text)
