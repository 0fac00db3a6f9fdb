"""Connecting an account: it is opened and asked whose it is, outside of any transaction; then it is written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from hxdav.domain.consent import Consent
from hxdav.domain.edit import Authority, Source
from hxdav.domain.ids import ConsentId, IntegrationId, PractitionerId
from hxdav.domain.integration import Service
from hxdav.domain.policy import Policy
from hxdav.domain.privacy import PrivacyLevel
from hxdav.domain.times import Clock
from hxdav.errors import NotPermitted, UseCaseError
from hxdav.net.transport import within
from hxdav.remote import Remote, RemoteError
from hxdav.secrets.keyring import Keyring
from hxdav.secrets.vault import Vault
from hxdav.services.integrations import bridges, connection, consents, reconnection
from hxdav.services.integrations.bridges import Connected, ShownAccount
from hxdav.services.integrations.consents import ConsentRequest
from hxdav.store.sealed import credentials_place, verifier_place
from hxdav.store.store import Store, Tx

_AGENT = "hxdav web"
_UNFORESEEN = "Something went wrong in hxdav; the administrator can find out what. Begin anew."

TOLD = (RemoteError, UseCaseError, NotPermitted)
"""Errors whose text is for the person who connects; others may name the server's files."""


class ConsentPage(Protocol):
    """The page to send a person to, and what proves later that the answer is to it."""

    @property
    def url(self) -> str:
        """Its address."""
        ...

    @property
    def verifier(self) -> str:
        """RFC 7636 §4.1; never leaves the server before the answer has come."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentFlow:
    """How a service's accounts are opened by a consent at its own page.

    ``page`` makes the page's address of a state and a redirect URI; ``exchange`` makes credentials of what came back,
    the verifier and the same redirect URI, and raises a RemoteError where that fails.
    """

    page: Callable[[str, str], ConsentPage]
    exchange: Callable[[Mapping[str, str], str, str], str]


class Providers(Protocol):
    """The services as they are set up here."""

    def consent_flow(self, service: Service) -> ConsentFlow:
        """How one asks for a consent to this service; UseCaseError where that is not set up."""
        ...

    def open(self, service: Service, *, address: str, credentials: str) -> Remote:
        """An account that is not known yet."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingConsent:
    """A consent that is waited for, and the page to send the person to."""

    consent_id: ConsentId
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """Who connects: the practitioner, by whose word, and the privacy level that they chose."""

    practitioner_id: PractitionerId
    source: Source
    privacy: PrivacyLevel | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedAccount:
    """What opens an account: ``address`` for services that are not in one place, and credentials, not sealed yet."""

    service: Service
    credentials: str
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connector:
    """Connects accounts, for the pages and the command line alike.

    ``patience`` is how long a provider may take to show an account, in all: somebody waits for it, and so does one of
    the server's threads.
    """

    store: Store
    clock: Clock
    policy: Policy
    keyring: Keyring
    vault: Vault
    providers: Providers
    patience: timedelta = timedelta(seconds=20)

    def ask(self, wish: ConsentRequest, *, source: Source) -> PendingConsent:
        """Begin a consent; raises UseCaseError where the service is not set up, or nothing can be connected now."""
        state = consents.new_state()
        page = self.providers.consent_flow(wish.service).page(state, wish.redirect_uri)
        with self.store.transaction() as tx:
            connection.require_subscription(tx, wish.login.practitioner)
            consent_id = consents.begin(
                tx,
                self.clock,
                self.keyring,
                wish=wish,
                state=state,
                seal=lambda each: self.vault.seal(page.verifier, place=verifier_place(each)),
                source=source,
            )
        return PendingConsent(consent_id=consent_id, url=page.url)

    def answered(self, answer: Mapping[str, str]) -> Connected:
        """Connect what a person has consented to, who came back with ``answer``, the query of the redirect URI.

        Raises one of ``TOLD``, which the waiting command reads as well, where nothing comes of it.
        """
        state = answer.get("state", "")
        with self.store.single_read() as tx:
            consents.require_open(tx, self.clock, self.keyring, state=state)
        with self.store.transaction() as tx:
            consent = consents.take(tx, self.clock, self.keyring, state=state)
        source = Source(authority=Authority.PRACTICE, user_id=consent.user_id, agent=_AGENT)
        try:
            connected = self._consented(consent, answer, source=source)
        except Exception as error:
            sentence = str(error) if isinstance(error, TOLD) else _UNFORESEEN
            with self.store.transaction() as tx:
                consents.refuse(tx, self.clock, consent=consent, sentence=sentence, source=source)
            raise
        self.fill(connected.integration.id)
        return connected

    def connect(
        self,
        entrance: OpenedAccount,
        applicant: Applicant,
        *,
        then: Callable[[Tx, Connected], None] = lambda _tx, _connected: None,
    ) -> Connected:
        """Connect a calendar in an account that has not been tried yet; ``then`` is done in the same transaction.

        Raises RemoteError where the account does not let us in, and UseCaseError where it is not to be connected.
        """
        shown = self._shown(entrance)
        with self.store.transaction() as tx:
            connected = bridges.connect(
                tx,
                self.clock,
                practitioner=tx.people.practitioner(applicant.practitioner_id),
                shown=shown,
                seal=lambda each: self.vault.seal(entrance.credentials, place=credentials_place(each)),
                privacy=applicant.privacy,
                source=applicant.source,
            )
            then(tx, connected)
        return connected

    def fill(self, integration_id: IntegrationId) -> None:
        """Take out of the calendars that a new one replaces what lies ahead, and let in what it shows.

        The worker goes on where this was cut short.
        """
        self.store.in_turns(
            lambda tx: reconnection.take_out(tx, self.clock, self.policy, integration_id=integration_id)
        )
        self.store.in_turns(lambda tx: connection.fill(tx, self.clock, self.policy, integration_id=integration_id))

    def _consented(self, consent: Consent, answer: Mapping[str, str], *, source: Source) -> Connected:
        verifier = self.vault.open(consent.verifier, place=verifier_place(consent.id))
        flow = self.providers.consent_flow(consent.service)
        credentials = flow.exchange(answer, verifier, consent.redirect_uri)
        return self.connect(
            OpenedAccount(service=consent.service, credentials=credentials),
            Applicant(practitioner_id=consent.practitioner_id, source=source, privacy=consent.privacy),
            then=lambda tx, connected: consents.finish(tx, consent=consent, integration_id=connected.integration.id),
        )

    def _shown(self, entrance: OpenedAccount) -> ShownAccount:
        remote = self.providers.open(entrance.service, address=entrance.address, credentials=entrance.credentials)
        with within(self.patience.total_seconds()), closing(remote):
            identity = remote.identify()
            return ShownAccount(
                service=entrance.service,
                identity=identity,
                address=identity.address or entrance.address,
                taken_names=remote.calendar_names(),
            )
