"""Operations of EWS over a connection; whatever does not succeed is an error of the port, or a ``ExchangeRefusal``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from exchangelib.errors import (  # type: ignore[import-untyped]
    ErrorExceededConnectionCount,
    ErrorInternalServerTransientError,
    ErrorServerBusy,
    EWSError,
    RedirectError,
    ResponseMessageError,
    TransportError,
)
from exchangelib.services.common import EWSService  # type: ignore[import-untyped]
from exchangelib.util import SOAPNS  # type: ignore[import-untyped]

from hxdav.errors import AnswerTooLarge, CallFailed, NotReachable
from hxdav.net.pauses import pause_of_milliseconds
from hxdav.remote import Forbidden, RemoteError, TryLater
from hxdav.remotes.exchange.connection import ExchangeConnection
from hxdav.remotes.exchange.elements import Element, InvalidEwsAnswer, find, local, parsed, text_at
from hxdav.remotes.exchange.refusal import ExchangeRefusal, busy, error_of, no_answer, senseless, trouble

_SENT_ON = (
    "The Exchange server sends hxdav to another address, which it does not follow. Ask whoever looks after the server"
    " for the address of EWS, and connect the account with that."
)


class EwsAnswerTooLarge(TryLater):
    """The answer is more than hxdav reads at once; less may be asked for."""


class ExchangeWire:
    """What EWS is asked. ``address`` is the mailbox, which need not be that of whoever logs on."""

    def __init__(self, connection: ExchangeConnection, address: str) -> None:
        self._connection = connection
        self.address = address

    def ask(self, payload: Element) -> list[Element]:
        """The response messages of an operation, in order, refusals among them; its name is the payload's."""
        try:
            return list(_operation(local(payload))(protocol=self._connection).answered(payload))
        except RemoteError:
            raise
        except NotReachable as error:
            raise self._not_reachable(error) from None
        except AnswerTooLarge as error:
            raise EwsAnswerTooLarge(str(error), code="too_large") from None
        except CallFailed as error:
            raise no_answer(error) from None
        except EWSError as error:
            raise _translated(error) from None
        except (InvalidEwsAnswer, AttributeError, KeyError, TypeError, ValueError):
            # exchangelib reads an answer as if it were one.
            raise senseless() from None

    def _not_reachable(self, error: NotReachable) -> Forbidden:
        """Either the server may not be called, or what it has sent hxdav on to."""
        if error.host != urlsplit(self._connection.service_endpoint).hostname:
            return Forbidden(_SENT_ON, code="redirected")
        return Forbidden(str(error), code="not_reachable")

    def one(self, payload: Element) -> Element:
        """The only response message of an operation; raises Refusal where that is one."""
        messages = self.ask(payload)
        if len(messages) != 1:
            raise senseless()
        return granted(messages[0])


def granted(message: Element) -> Element:
    """A response message that grants what was asked; raises Refusal, and TryLater where it asks to wait."""
    code = text_at(message, "m:ResponseCode")
    if message.get("ResponseClass") == "Success" and code == "NoError":
        return message
    if not code or code == "NoError":
        raise senseless()
    if code == "ErrorServerBusy":
        raise busy(_back_off(message))
    raise ExchangeRefusal(code)


def _back_off(message: Element) -> timedelta | None:
    """The pause that ``m:MessageXml`` asks for, in milliseconds."""
    told = find(message, "m:MessageXml")
    for value in () if told is None else told:
        if value.get("Name") == "BackOffMilliseconds":
            return pause_of_milliseconds(str(value.text))
    return None


_KINDS: tuple[tuple[type[EWSError], Callable[[Any], RemoteError]], ...] = (
    (RedirectError, lambda _: Forbidden(_SENT_ON, code="redirected")),
    (ErrorServerBusy, lambda error: busy(pause_of_milliseconds(str(round((error.back_off or 0) * 1000))))),
    (ErrorExceededConnectionCount, lambda _: busy(None)),
    (ResponseMessageError, lambda error: error_of(type(error).__name__)),
    (TransportError, lambda _: senseless()),
    (EWSError, lambda _: trouble()),
)
"""What exchangelib raises for a whole answer, from the narrowest kind on."""


def _translated(error: EWSError) -> RemoteError:
    return next(make(error) for kind, make in _KINDS if isinstance(error, kind))


class _Operation(EWSService):  # type: ignore[misc]
    """An operation whose answers are read strictly, and handed on message by message."""

    def answered(self, payload: Element) -> Iterator[Element]:
        """The response messages."""
        yield from self._get_elements(payload=payload)

    def _response_generator(self, payload: Element) -> Any:
        try:
            return super()._response_generator(payload)
        except ErrorInternalServerTransientError:
            # exchangelib would take this for a server that asks to wait.
            raise trouble() from None

    def _get_elements_in_response(self, response: Any) -> Any:
        return iter(response)

    @classmethod
    def _get_soap_parts(cls, response: Any) -> tuple[Element | None, Element]:
        root = parsed(response.content)
        body = root.find(f"{{{SOAPNS}}}Body")
        if body is None:
            raise InvalidEwsAnswer
        return root.find(f"{{{SOAPNS}}}Header"), body

    def _api_versions_to_try(self) -> Any:
        """All that exchangelib knows until the server has answered, then the one that it has answered in."""
        return (self._version_hint.api_version,) if self.protocol.is_settled else super()._api_versions_to_try()


@cache
def _operation(name: str) -> Any:
    return type(name, (_Operation,), {"SERVICE_NAME": name})
