"""What goes over the wire in both directions: requests, answers, refusals, and the elements they are made of."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from tests.simulators.serving import WireAnswer

Element: TypeAlias = "ET.Element[str]"

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
MESSAGES = "http://schemas.microsoft.com/exchange/services/2006/messages"
TYPES = "http://schemas.microsoft.com/exchange/services/2006/types"
ERRORS = "http://schemas.microsoft.com/exchange/services/2006/errors"

for _prefix, _uri in (("s", SOAP), ("m", MESSAGES), ("t", TYPES), ("e", ERRORS)):
    ET.register_namespace(_prefix, _uri)

XML_TYPE = {"Content-Type": "text/xml; charset=utf-8"}
VERSION = {
    "MajorVersion": "15",
    "MinorVersion": "2",
    "MajorBuildNumber": "2562",
    "MinorBuildNumber": "17",
    "Version": "V2017_07_11",
}


class EwsRefusal(Exception):
    """What one response message refuses; the other messages of the same request are not touched by it.

    The code is one of Microsoft's ResponseCodeType; the payload stands after it where the schema wants one.
    """

    def __init__(self, code: str, text: str = "", *, payload: Iterable[Element] = ()) -> None:
        super().__init__(text or code)
        self.code = code
        self.text = text or f"The request was refused: {code}."
        self.payload = tuple(payload)


class SoapFault(Exception):
    """A refusal of the whole request, answered with HTTP 500; ``back_off`` is in milliseconds."""

    def __init__(self, code: str, text: str = "", *, back_off: int | None = None) -> None:
        super().__init__(text or code)
        self.code = code
        self.text = text or f"The server cannot serve this request now: {code}."
        self.back_off = back_off


def t(name: str, *children: Element, text: str | None = None, **attributes: str) -> Element:
    """An element of Microsoft's types."""
    return _element(TYPES, name, children, text=text, attributes=attributes)


def m(name: str, *children: Element, text: str | None = None, **attributes: str) -> Element:
    """An element of Microsoft's messages."""
    return _element(MESSAGES, name, children, text=text, attributes=attributes)


def _element(
    space: str, name: str, children: Iterable[Element], *, text: str | None, attributes: Mapping[str, str]
) -> Element:
    made = ET.Element(f"{{{space}}}{name}", dict(attributes))
    made.text = text
    made.extend(children)
    return made


def local(element: Element) -> str:
    """The name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def find(element: Element | None, path: str) -> Element | None:
    """The first element at ``m:A/t:B``, if there is one."""
    return None if element is None else element.find(path, {"m": MESSAGES, "t": TYPES, "s": SOAP})


def children(element: Element | None, path: str) -> tuple[Element, ...]:
    """The children of the element at that path, or none."""
    found = find(element, path)
    return () if found is None else tuple(found)


def need(element: Element, path: str) -> Element:
    """The element at that path; a request without it breaks the schema."""
    found = find(element, path)
    if found is None:
        raise SoapFault("ErrorSchemaValidation", f"The request failed schema validation: {path} is missing.")
    return found


def text_at(element: Element | None, path: str) -> str | None:
    """The text of the element at that path, None where there is no such element."""
    found = find(element, path)
    return None if found is None else found.text or ""


def flag(value: bool) -> str:  # noqa: FBT001
    """A boolean as XML writes it."""
    return "true" if value else "false"


def read_operation(body: bytes) -> tuple[Element | None, Element]:
    """The header, if there is one, and the one element in the body of a SOAP envelope."""
    try:
        envelope = ET.fromstring(body)
    except ET.ParseError as exc:
        raise SoapFault("ErrorSchemaValidation", "The request is no XML.") from exc
    content = find(envelope, "s:Body")
    if content is None or not len(content):
        raise SoapFault("ErrorSchemaValidation", "The request has no body.")
    return find(envelope, "s:Header"), content[0]


def envelope(content: Element, version: Mapping[str, str] = VERSION) -> bytes:
    """The envelope in which the server answers, with its version in the header."""
    soap = ET.Element(f"{{{SOAP}}}Envelope")
    ET.SubElement(soap, f"{{{SOAP}}}Header").append(t("ServerVersionInfo", **version))
    ET.SubElement(soap, f"{{{SOAP}}}Body").append(content)
    written: bytes = ET.tostring(soap, encoding="utf-8", xml_declaration=True)
    return written


def fault_answer(fault: SoapFault, version: Mapping[str, str] = VERSION) -> WireAnswer:
    """The fault as Exchange writes it: HTTP 500, its code and back-off below ``detail``."""
    detail = ET.Element("detail")
    for name, text in (("ResponseCode", fault.code), ("Message", fault.text)):
        ET.SubElement(detail, f"{{{ERRORS}}}{name}").text = text
    if fault.back_off is not None:
        detail.append(t("MessageXml", t("Value", text=str(fault.back_off), Name="BackOffMilliseconds")))
    soap_fault = ET.Element(f"{{{SOAP}}}Fault")
    ET.SubElement(soap_fault, "faultcode").text = "s:Server"
    ET.SubElement(soap_fault, "faultstring").text = fault.text
    soap_fault.append(detail)
    return WireAnswer(code=500, headers=XML_TYPE, body=envelope(soap_fault, version))


def succeeded(operation: str, *payload: Element) -> Element:
    """One response message of success."""
    return m(f"{operation}ResponseMessage", m("ResponseCode", text="NoError"), *payload, ResponseClass="Success")


def refused(operation: str, refusal: EwsRefusal) -> Element:
    """One response message that says what was refused."""
    return m(
        f"{operation}ResponseMessage",
        m("MessageText", text=refusal.text),
        m("ResponseCode", text=refusal.code),
        m("DescriptiveLinkKey", text="0"),
        *refusal.payload,
        ResponseClass="Error",
    )


def response(operation: str, messages: Iterable[Element]) -> Element:
    """The response of an operation with its messages, one for each thing that was asked."""
    return m(f"{operation}Response", m("ResponseMessages", *messages))
