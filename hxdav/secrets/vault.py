"""The vault: what hxdav has to say to others later, passwords and tokens, sealed before it is stored.

AES-256-GCM, bound to the place where the secret is kept. The keys are in a file beside the database, never in it: one a
line, ``ID HEX``. The last one seals, and each opens what it has sealed.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
import secrets
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hxdav.errors import SecretsError

FORMAT = "v1"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_ID_LETTERS = 16

SEAL_LETTERS = len(FORMAT) + _ID_LETTERS + 2
"""How many letters at the beginning of each sealed text say with which key it is sealed: ``v1:<key id>:``."""


class Vault:
    """Seals and opens text with the keys of a file, which may change while this process runs.

    ``may_begin`` says whether there is nothing sealed yet, so that a file that is not there may be made.
    """

    def __init__(self, path: Path, *, may_begin: Callable[[], bool]) -> None:
        self.path = path
        self._may_begin = may_begin
        self._keys: dict[str, bytes] = {}

    def seal(self, text: str, *, place: str) -> str:
        """``text``, sealed for ``place`` (``table/row id/column``): ``v1:<key id>:<base64 of nonce and ciphertext>``.

        To be called in the transaction that stores it, after ``tx.sealed.hold()``. Raises SecretsError.
        """
        # Read each time, because what is sealed with a key that was given up would be lost.
        self._keys = self._load_or_begin()
        key_id, key = list(self._keys.items())[-1]
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + AESGCM(key).encrypt(nonce, text.encode(), _bound_to(place, key_id))
        return f"{FORMAT}:{key_id}:{base64.b64encode(sealed).decode()}"

    def open(self, sealed: str, *, place: str) -> str:
        """The text that was sealed for ``place``; raises SecretsError where it was not, or its key is not there."""
        key_id = key_id_of(sealed)
        key = self._key(key_id)
        try:
            octets = base64.b64decode(sealed[SEAL_LETTERS:], validate=True)
            return AESGCM(key).decrypt(octets[:_NONCE_BYTES], octets[_NONCE_BYTES:], _bound_to(place, key_id)).decode()
        except (InvalidTag, ValueError):
            raise SecretsError(
                f"A stored secret ({place}) is not what hxdav has sealed there. Restore the database from a backup, or "
                "connect the account again."
            ) from None

    def require(self, key_ids: Collection[str]) -> None:
        """Raise SecretsError unless the keys with these ids are there."""
        for key_id in sorted(key_ids):
            self._key(key_id)

    def add_key(self) -> str:
        """Add a key, with which everything is sealed from now on; its id."""
        with self._locked():
            keys = self._load_or_begin()
            key = secrets.token_bytes(_KEY_BYTES)
            self._keep({**keys, _id_of(key): key})
        return _id_of(key)

    def drop_keys(self, *, without: Collection[str]) -> int:
        """Drop the keys with which nothing is sealed any more, that is all but ``without`` and the last; how many."""
        with self._locked():
            keys = self._load()
            last = list(keys)[-1]
            kept = {key_id: key for key_id, key in keys.items() if key_id in without or key_id == last}
            if kept != keys:
                self._keep(kept)
        return len(keys) - len(kept)

    def sealing_key(self) -> str:
        """The id of the key with which is sealed now."""
        return list(self._load())[-1]

    def _key(self, key_id: str) -> bytes:
        if key_id not in self._keys:
            # Another process may have added it.
            self._keys = self._load()
        if key_id not in self._keys:
            raise SecretsError(
                f"The vault {self.path} does not hold the key {key_id}, with which a stored secret is sealed. Put the "
                "installation's own vault file back there."
            )
        return self._keys[key_id]

    def _load(self) -> dict[str, bytes]:
        if not self.path.exists():
            raise SecretsError(
                f"The vault {self.path} is missing, and secrets are sealed with its keys. Put the installation's own "
                "vault file back there."
            )
        return _read(self.path)

    def _load_or_begin(self) -> dict[str, bytes]:
        if not self.path.exists() and self._may_begin():
            key = secrets.token_bytes(_KEY_BYTES)
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _draft(self.path, {_id_of(key): key}) as draft, suppress(FileExistsError):
                # Unlike a rename it fails where another process was first, whose key then is ours, too.
                os.link(draft, self.path)
        return self._load()

    def _keep(self, keys: dict[str, bytes]) -> None:
        with _draft(self.path, keys) as draft:
            draft.replace(self.path)
            _flush_folder(self.path.parent)
        self._keys = keys

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time changes the file; those that read it see it before or after."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)


def key_id_of(sealed: str) -> str:
    """With which key a text is sealed; raises SecretsError for what is no sealed text."""
    parts = sealed[:SEAL_LETTERS].split(":")
    if len(sealed) < SEAL_LETTERS or len(parts) != 3 or parts[0] != FORMAT:  # noqa: PLR2004 - format, id, rest
        raise SecretsError("A stored secret is in no format that this version of hxdav knows.")
    return parts[1]


def _bound_to(place: str, key_id: str) -> bytes:
    return f"hxdav {FORMAT} {key_id} {place}".encode()


def _id_of(key: bytes) -> str:
    """A key's name, made of the key, so that two different keys never have the same."""
    return hashlib.blake2b(b"vault key", key=key, digest_size=_ID_LETTERS // 2).hexdigest()


def _read(path: Path) -> dict[str, bytes]:
    try:
        lines = [line.split() for line in path.read_text(encoding="ascii").splitlines() if line.strip()]
        keys = {key_id: bytes.fromhex(key) for key_id, key in lines}
    except (OSError, ValueError):
        raise SecretsError(f"The vault {path} cannot be read. Put the installation's own vault file back.") from None
    if not keys or any(len(key) != _KEY_BYTES or _id_of(key) != key_id for key_id, key in keys.items()):
        raise SecretsError(f"The vault {path} is damaged. Put the installation's own vault file back there.")
    return keys


@contextmanager
def _draft(path: Path, keys: dict[str, bytes]) -> Iterator[Path]:
    """A file with ``keys``, readable by its owner only and safe on the disk, to be put in the place of ``path``."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.writelines(f"{key_id} {key.hex()}\n" for key_id, key in keys.items())
            file.flush()
            os.fsync(file.fileno())
        yield draft
    except OSError as error:
        raise SecretsError(f"The vault {path} cannot be written: {error.strerror}.") from error
    finally:
        draft.unlink(missing_ok=True)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
