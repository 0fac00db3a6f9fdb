"""The vault: what is sealed opens where it was sealed, with its key, and nowhere else."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from hxdav.errors import SecretsError
from hxdav.secrets.vault import SEAL_LETTERS, Vault, key_id_of

PLACE = "external_account/1/credentials"


def a_vault(folder: Path, *, is_new: bool = True) -> Vault:
    return Vault(folder / "hxdav.vault", may_begin=lambda: is_new)


def keys(vault: Vault) -> list[str]:
    return [line.split()[0] for line in vault.path.read_text(encoding="ascii").splitlines()]


def test_what_is_sealed_opens_at_its_place(tmp_path: Path) -> None:
    vault = a_vault(tmp_path)

    sealed = vault.seal("sesame 茶", place=PLACE)

    assert a_vault(tmp_path, is_new=False).open(sealed, place=PLACE) == "sesame 茶"
    assert "sesame" not in sealed
    assert sealed.startswith(f"v1:{keys(vault)[0]}:")
    assert sealed != vault.seal("sesame 茶", place=PLACE)


def test_the_file_is_made_with_the_first_secret_readable_by_its_owner_only(tmp_path: Path) -> None:
    vault = a_vault(tmp_path / "keys")
    was_there = vault.path.exists()

    vault.seal("sesame", place=PLACE)

    assert not was_there
    assert stat.S_IMODE(vault.path.stat().st_mode) == 0o600
    assert [each.name for each in vault.path.parent.iterdir()] == ["hxdav.vault"]


def test_it_is_never_made_anew_where_there_are_secrets(tmp_path: Path) -> None:
    vault = a_vault(tmp_path, is_new=False)

    with pytest.raises(SecretsError, match="is missing"):
        vault.seal("sesame", place=PLACE)
    assert not vault.path.exists()


def test_of_two_that_make_it_at_once_one_key_is_kept(tmp_path: Path) -> None:
    first, second = a_vault(tmp_path), a_vault(tmp_path)
    # The second looks before the first has made it.
    second._may_begin = lambda: bool(first.seal("sesame", place=PLACE))

    sealed = second.seal("other", place=PLACE)

    assert len(keys(first)) == 1
    assert first.open(sealed, place=PLACE) == "other"


@pytest.mark.parametrize("place", ["external_account/2/credentials", "consent/1/verifier"])
def test_a_secret_that_was_put_elsewhere_does_not_open(tmp_path: Path, place: str) -> None:
    vault = a_vault(tmp_path)
    sealed = vault.seal("sesame", place=PLACE)

    with pytest.raises(SecretsError, match="is not what hxdav has sealed there"):
        vault.open(sealed, place=place)


@pytest.mark.parametrize("end", ["", "AAAA", "not base64", "=", "é"])
def test_a_secret_that_was_changed_does_not_open(tmp_path: Path, end: str) -> None:
    vault = a_vault(tmp_path)
    sealed = vault.seal("sesame", place=PLACE)

    with pytest.raises(SecretsError, match="is not what hxdav has sealed there"):
        vault.open(sealed[:SEAL_LETTERS] + end, place=PLACE)


@pytest.mark.parametrize("text", ["", "v1:", "v2:0123456789abcdef:AAAA", "sesame sesame sesame sesame"])
def test_what_is_no_sealed_text_is_refused_without_being_shown(tmp_path: Path, text: str) -> None:
    with pytest.raises(SecretsError, match="no format") as caught:
        a_vault(tmp_path).open(text, place=PLACE)

    assert "sesame" not in str(caught.value)


def test_a_missing_key_is_named_and_the_file_to_put_back(tmp_path: Path) -> None:
    sealed = a_vault(tmp_path / "one").seal("sesame", place=PLACE)
    other = a_vault(tmp_path / "other")
    other.seal("sesame", place=PLACE)

    with pytest.raises(SecretsError, match=f"does not hold the key {key_id_of(sealed)}"):
        other.open(sealed, place=PLACE)
    with pytest.raises(SecretsError, match="vault file back"):
        other.require([key_id_of(sealed)])


@pytest.mark.parametrize("content", ["", "00", "0123456789abcdef zz", "ü", f"0123456789abcdef {'00' * 32}"])
def test_a_damaged_file_is_refused(tmp_path: Path, content: str) -> None:
    vault = a_vault(tmp_path)
    sealed = vault.seal("sesame", place=PLACE)
    vault.path.write_text(content, encoding="utf-8")

    with pytest.raises(SecretsError, match="back"):
        a_vault(tmp_path).open(sealed, place=PLACE)


def test_a_new_key_seals_and_the_old_one_still_opens(tmp_path: Path) -> None:
    vault, running = a_vault(tmp_path), a_vault(tmp_path)
    old = running.seal("old", place=PLACE)

    added = vault.add_key()

    new = running.seal("new", place=PLACE)
    assert key_id_of(new) == added == vault.sealing_key()
    assert (running.open(old, place=PLACE), running.open(new, place=PLACE)) == ("old", "new")


def test_a_running_process_meets_a_key_that_another_has_added(tmp_path: Path) -> None:
    vault, running = a_vault(tmp_path), a_vault(tmp_path)
    running.seal("old", place=PLACE)
    vault.add_key()

    assert running.open(vault.seal("new", place=PLACE), place=PLACE) == "new"


def test_only_keys_that_nothing_needs_are_dropped_and_never_the_last(tmp_path: Path) -> None:
    vault = a_vault(tmp_path)
    old = vault.seal("old", place=PLACE)
    added = vault.add_key()

    assert vault.drop_keys(without={key_id_of(old)}) == 0
    assert vault.drop_keys(without=set()) == 1
    assert keys(vault) == [added]
    assert stat.S_IMODE(vault.path.stat().st_mode) == 0o600
    with pytest.raises(SecretsError):
        a_vault(tmp_path).open(old, place=PLACE)
