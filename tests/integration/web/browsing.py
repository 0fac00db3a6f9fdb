"""A browser on the pages, in process: it keeps cookies, and posts the forms that it is shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hxdav.domain.ids import UserId
from hxdav.store.store import Store
from tests.passwords import QUICK

PASSWORD = "three-words-together"


class _Fields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if tag == "input" and known.get("type") == "hidden":
            self.values.setdefault(known["name"], known.get("value", ""))


@dataclass
class Browser:
    """``base`` is where the pages are; the last page's hidden fields go with each form."""

    application: Flask
    base: str = "https://hx.example"
    hidden: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cookies: FlaskClient = self.application.test_client()

    def get(self, path: str) -> TestResponse:
        """Open a page."""
        answer = self.cookies.get(path, base_url=self.base)
        if answer.mimetype == "text/html":
            parser = _Fields()
            parser.feed(answer.text)
            self.hidden = parser.values
        return answer

    def post(self, path: str, **fields: str) -> TestResponse:
        """Send a form of the page that was opened last."""
        return self.cookies.post(path, data={**self.hidden, **fields}, base_url=self.base)

    def sign_in(self, username: str = "maya", password: str = PASSWORD, *, following: str = "") -> TestResponse:
        """Fill the sign-in page in."""
        self.get(f"/app/sign-in?next={following}" if following else "/app/sign-in")
        return self.post("/app/sign-in", username=username, password=password)

    def is_in(self) -> bool:
        """Whether the pages know who sits here."""
        return self.get("/app/settings/integrations").status_code == 200


def give_password(store: Store, user_id: UserId, password: str = PASSWORD) -> None:
    """A user with a web password."""
    with store.transaction() as tx:
        tx.people.keep_web_password(user_id, QUICK.hash(password))
