"""The installation's key and the passwords."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
from argon2 import extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY

from hxdav.errors import SecretsError
from hxdav.secrets import passwords
from hxdav.secrets.keyring import Keyring, load_key, make_key
from hxdav.secrets.passwords import is_web_password, new_app_password, web_password_hash


def test_a_key_is_made_once_readable_by_its_owner_only_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "hxdav.key"

    made = make_key(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_key(path).proof == made.proof
    with pytest.raises(SecretsError, match="cannot be made"):
        make_key(path)


@pytest.mark.parametrize("content", ["", "zz", "00ff", "ü"])
def test_what_is_not_a_key_is_refused_without_being_shown(tmp_path: Path, content: str) -> None:
    path = tmp_path / "hxdav.key"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(SecretsError, match="Put the installation's key back"):
        load_key(path)


def test_a_signature_holds_for_its_text_and_its_key_only() -> None:
    keyring = Keyring(b"1" * 32)
    signature = keyring.signature("a-1-2")

    assert keyring.is_signed("a-1-2", signature)
    assert not keyring.is_signed("a-1-3", signature)
    assert not Keyring(b"2" * 32).is_signed("a-1-2", signature)
    assert not keyring.is_signed("a-1-2", "ü")


def test_an_app_password_is_sixteen_letters_in_groups_and_never_the_same() -> None:
    passwords = {new_app_password() for _ in range(50)}

    assert len(passwords) == 50
    assert all(re.fullmatch(r"[a-z]{4}(-[a-z]{4}){3}", password) for password in passwords)


def test_dashes_spaces_and_capitals_in_an_app_password_mean_nothing() -> None:
    keyring = Keyring(b"1" * 32)

    digests = {keyring.app_password_digest(text) for text in ("abcd-efgh", "abcdefgh", "ABCD EFGH")}

    assert len(digests) == 1
    assert digests.isdisjoint({Keyring(b"2" * 32).app_password_digest("abcdefgh")})


def test_a_web_password_is_recognised_by_its_hash() -> None:
    password_hash = web_password_hash("correct horse")

    assert password_hash.startswith("$argon2id$")
    assert is_web_password("correct horse", password_hash)
    assert not is_web_password("wrong", password_hash)
    assert not is_web_password("correct horse", None)
    assert not is_web_password("correct horse", "no hash")


def test_trying_web_passwords_is_dear_even_where_nobody_has_the_name() -> None:
    assert extract_parameters(web_password_hash("correct horse")) == RFC_9106_LOW_MEMORY
    assert extract_parameters(passwords._NOBODYS) == RFC_9106_LOW_MEMORY
