"""How much of patient appointments an integration is told (rule 11)."""

from __future__ import annotations

from hxdav.domain.ids import IntegrationId
from hxdav.domain.privacy import PrivacyLevel, level_of
from hxdav.store.store import Tx


def level_for(tx: Tx, integration_id: IntegrationId) -> PrivacyLevel:
    """The level that holds for an integration."""
    integration = tx.integrations.one(integration_id)
    bridge = tx.bridges.find(integration_id)
    most = tx.people.practice_group(integration.practice_group_id).privacy.get(integration.service)
    return level_of(integration.service, most=most, chosen=bridge.privacy if bridge else None)
