"""Sync tokens: what they say, and when a collection can go on from one (RFC 6578 §3.2, docs/store.md)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from hxdav.domain.ids import Epoch, IntegrationId, Modseq, SyncToken
from hxdav.errors import SyncTokenInvalid
from hxdav.secrets.keyring import Keyring
from hxdav.store.store import Tx

_PREFIX = "urn:hxdav:sync:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where in its feed a collection stands now."""

    epoch: Epoch
    integration_id: IntegrationId
    modseq: Modseq
    purge_floor: Modseq


class TokenAhead(SyncTokenInvalid):
    """The token is ours, and from a later time than the store's: somebody put an older database back by hand."""


def token_of(keyring: Keyring, position: Position) -> SyncToken:
    """The token that stands for ``position``."""
    text = f"{position.epoch}-{position.integration_id}-{position.modseq}"
    return SyncToken(f"{_PREFIX}{text}-{keyring.signature(text)}")


def since(keyring: Keyring, token: str, position: Position) -> Modseq:
    """The modseq after which a client with ``token`` has to be told; 0 for the empty token, which asks for all.

    Raises SyncTokenInvalid for a token that is not ours, of another collection or epoch, or from below the floor to
    which removed objects have been purged; TokenAhead for one that is ahead of the counter.
    """
    if not token:
        return Modseq(0)
    text, _, signature = token.removeprefix(_PREFIX).rpartition("-")
    if not token.startswith(_PREFIX) or not keyring.is_signed(text, signature):
        raise SyncTokenInvalid("This sync token is not one of this server's.")
    epoch, integration_id, modseq = text.split("-")
    if epoch != position.epoch or int(integration_id) != position.integration_id:
        raise SyncTokenInvalid("This sync token is of another collection, or from before a restore.")
    if int(modseq) > position.modseq:
        raise TokenAhead("This sync token is from a later time than the store's.")
    if int(modseq) < position.purge_floor:
        raise SyncTokenInvalid("This sync token is too old: what was removed since has been purged.")
    return Modseq(int(modseq))


def begin_epoch(tx: Tx, *, draw: Callable[[int], int] = secrets.randbelow) -> None:
    """Refuse every token made so far, after a restore; no counter falls behind what clients have seen.

    Bridges list everything anew: their providers were told more than the store knows. ``draw`` is as
    ``Installations.skip_numbers`` says.
    """
    tx.installation.begin_epoch()
    tx.installation.skip_numbers(draw)
    tx.integrations.raise_modseqs()
    tx.bridges.start_over()
