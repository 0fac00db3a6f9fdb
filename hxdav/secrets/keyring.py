"""The installation's key: in a file beside the database, never in it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from hxdav.errors import SecretsError

_KEY_BYTES = 32


class Keyring:
    """Derives one key per purpose from the installation's key, and uses it."""

    def __init__(self, key: bytes) -> None:
        self._sync_tokens = _derived(key, "sync tokens")
        self._app_passwords = _derived(key, "app passwords")
        self._invitations = _derived(key, "invitations")
        self._channel_tokens = _derived(key, "channel tokens")
        self._consents = _derived(key, "consents")
        self._web_sessions = _derived(key, "web sessions")
        self._web_feeds = _derived(key, "web feeds")
        self._profile_secrets = _derived(key, "profile secrets")
        self._profile_tickets = _derived(key, "profile tickets")
        self._web_ceremonies = _derived(key, "web ceremonies")
        self._recovery_codes = _derived(key, "recovery codes")
        self._sign_in_tries = _derived(key, "sign-in tries")
        self._known_browsers = _derived(key, "known browsers")
        self._passkey_owners = _derived(key, "passkey owners")
        self.cookie_key = _derived(key, "cookies").hex()
        self.proof = _derived(key, "proof").hex()

    def signature(self, text: str) -> str:
        """A short signature of a sync token's ``text``."""
        return hmac.digest(self._sync_tokens, text.encode(), "sha256")[:12].hex()

    def is_signed(self, text: str, signature: str) -> bool:
        """Whether ``signature`` is ours."""
        return hmac.compare_digest(self.signature(text).encode(), signature.encode())

    def app_password_digest(self, password: str) -> str:
        """The keyed hash by which an app password is found; spaces, dashes and capitals in it mean nothing.

        The password is random (75 bits), so that a fast hash is as good as a slow one (docs/speed.md).
        """
        letters = password.replace("-", "").replace(" ", "").lower()
        return hmac.digest(self._app_passwords, letters.encode(), "sha256").hex()

    def invitation_digest(self, secret: str) -> str:
        """The keyed hash by which an invitation's link is found."""
        return hmac.digest(self._invitations, secret.encode(), "sha256").hex()

    def channel_token_digest(self, token: str) -> str:
        """The keyed hash by which a push channel is found when its provider calls."""
        return hmac.digest(self._channel_tokens, token.encode(), "sha256").hex()

    def consent_digest(self, state: str) -> str:
        """The keyed hash by which a consent is found when the person comes back from the provider."""
        return hmac.digest(self._consents, state.encode(), "sha256").hex()

    def web_session_digest(self, secret: str) -> str:
        """The keyed hash by which a browser is known that somebody has signed in with."""
        return hmac.digest(self._web_sessions, secret.encode(), "sha256").hex()

    def web_feed_digest(self, secret: str) -> str:
        """The keyed hash by which a private calendar address is found."""
        return hmac.digest(self._web_feeds, secret.encode(), "sha256").hex()

    def web_ceremony_digest(self, secret: str) -> str:
        """The keyed hash by which a browser is known that was asked something."""
        return hmac.digest(self._web_ceremonies, secret.encode(), "sha256").hex()

    def recovery_code_digest(self, code: str) -> str:
        """The keyed hash by which a recovery code is known; spaces, dashes and capitals in it mean nothing."""
        letters = code.replace("-", "").replace(" ", "").lower()
        return hmac.digest(self._recovery_codes, letters.encode(), "sha256").hex()

    def sign_in_subject(self, kind: str, name: str) -> str:
        """The keyed hash under which tries to sign in are counted: somebody may type a password as the user name."""
        return hmac.digest(self._sign_in_tries, f"{kind} {name}".encode(), "sha256").hex()

    def browser_signature(self, text: str) -> str:
        """The signature (256 bits) of what a browser keeps to be known again."""
        return hmac.digest(self._known_browsers, text.encode(), "sha256").hex()

    def passkey_owner(self, user_id: int) -> bytes:
        """The name under which devices keep a user's passkeys: it tells nobody who that is (WebAuthn §14.6.1)."""
        return hmac.digest(self._passkey_owners, str(user_id).encode(), "sha256")

    def profile_secret(self, nonce: str) -> str:
        """The secret (256 bits) of the address at which a configuration profile is fetched, derived from its nonce."""
        made = hmac.digest(self._profile_secrets, nonce.encode(), "sha256")
        return base64.urlsafe_b64encode(made).decode().rstrip("=")

    def profile_ticket_digest(self, secret: str) -> str:
        """The keyed hash by which a ticket for a configuration profile is found."""
        return hmac.digest(self._profile_tickets, secret.encode(), "sha256").hex()


def load_key(path: Path) -> Keyring:
    """The keyring of the key in ``path``; raises SecretsError where it cannot be read or is not a key."""
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise SecretsError(f"The key file {path} cannot be read. Put the installation's key back there.") from error
    if len(key) != _KEY_BYTES:
        raise SecretsError(f"The key file {path} does not hold a key. Put the installation's key back there.")
    return Keyring(key)


def make_key(path: Path) -> Keyring:
    """Make a new key in ``path``, readable by its owner only; raises SecretsError where there is a file already."""
    key = secrets.token_bytes(_KEY_BYTES)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise SecretsError(f"The key file {path} cannot be made: {error.strerror}.") from error
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key.hex() + "\n")
    return Keyring(key)


def _derived(key: bytes, purpose: str) -> bytes:
    return hashlib.blake2b(purpose.encode(), key=key, digest_size=32).digest()
