"""When a collection can go on from a sync token (RFC 6578 §3.2)."""

from __future__ import annotations

import pytest

from hxdav.domain.ids import Epoch, IntegrationId, Modseq
from hxdav.errors import SyncTokenInvalid
from hxdav.secrets.keyring import Keyring
from hxdav.services.integrations.sync_tokens import Position, TokenAhead, since, token_of

KEYRING = Keyring(b"k" * 32)


def _position(epoch: str = "e1", integration: int = 7, modseq: int = 40, floor: int = 0) -> Position:
    return Position(
        epoch=Epoch(epoch), integration_id=IntegrationId(integration), modseq=Modseq(modseq), purge_floor=Modseq(floor)
    )


def test_a_collection_goes_on_from_its_own_token() -> None:
    token = token_of(KEYRING, _position(modseq=33))

    assert since(KEYRING, token, _position(modseq=40)) == 33
    assert since(KEYRING, token, _position(modseq=33, floor=33)) == 33


def test_the_empty_token_asks_for_everything() -> None:
    assert since(KEYRING, "", _position()) == 0


@pytest.mark.parametrize(
    "position",
    [_position(epoch="e2"), _position(integration=8), _position(floor=34), _position(modseq=32)],
)
def test_a_token_of_another_epoch_or_collection_or_out_of_reach_is_refused(position: Position) -> None:
    with pytest.raises(SyncTokenInvalid):
        since(KEYRING, token_of(KEYRING, _position(modseq=33)), position)


def test_a_token_ahead_of_the_counter_tells_of_a_restore_by_hand() -> None:
    with pytest.raises(TokenAhead):
        since(KEYRING, token_of(KEYRING, _position(modseq=41)), _position(modseq=40))


@pytest.mark.parametrize("token", ["x", "urn:hxdav:sync:", "urn:hxdav:sync:e1-7-33-0", "http://sabre.io/ns/sync/5"])
def test_a_token_that_is_not_ours_is_refused(token: str) -> None:
    with pytest.raises(SyncTokenInvalid):
        since(KEYRING, token, _position())


def test_a_token_cannot_be_altered() -> None:
    token = token_of(KEYRING, _position(modseq=33)).replace("-33-", "-3-")

    with pytest.raises(SyncTokenInvalid):
        since(KEYRING, token, _position())
