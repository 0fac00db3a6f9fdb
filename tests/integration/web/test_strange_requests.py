"""What is no host, no number and no address, wherever a browser can say one: refused, and never an error of ours."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from werkzeug.test import create_environ, run_wsgi_app

from hxdav.bootstrap.providers import ConfiguredProviders
from hxdav.config import Settings
from hxdav.config.parts import BridgesPart
from tests.integration.web.administration import an_administrator, signed_in
from tests.integration.web.browsing import Browser, give_password
from tests.integration.web.desk import Desk, pages_of
from tests.integration.web.test_walls import filled, rules_of

HOSTS = ("a" * 300, "a." * 200, "a" * 64 + ".example", "[::1", "xn--", "x:99999999999", "a b", "x:y", "%", "\u00e9")
NUMBERS = (str(2**53), str(2**64), "9" * 5000)


@pytest.mark.parametrize("path", ["/app/sign-in", "/app/nowhere", "/healthz", "/feed/x.ics"])
def test_no_host_is_a_server_error(desk: Desk, path: str) -> None:
    # Werkzeug's own browser would look into the host as well.
    for host in HOSTS:
        environ = create_environ(path, "https://hx.example") | {"HTTP_HOST": host}
        _, status, _ = run_wsgi_app(desk.application, environ)
        assert int(status.split()[0]) < 500, host


def test_no_number_in_an_address_is_a_server_error(desk: Desk) -> None:
    an_administrator(desk, desk.practice)
    robin = signed_in(desk)
    give_password(desk.store, desk.practice.user_id)
    maya = Browser(desk.application)
    maya.sign_in()
    numbered = [(each, method) for method in ("GET", "POST") for each in rules_of(desk, method) if "<int" in each.rule]
    assert len(numbered) > 20
    for rule, method in numbered:
        browser = robin if rule.rule.startswith("/app/practice/") else maya
        for number in NUMBERS:
            answer = browser.get if method == "GET" else browser.post
            assert answer(filled(rule, number)[0]).status_code in {400, 404}, rule.rule


@pytest.mark.parametrize("number", [str(2**64), "9" * 5000, "-1", "x"])
def test_no_number_in_a_form_is_a_server_error(maya: Browser, number: str) -> None:
    maya.get("/app/settings/integrations")
    for path, field in (("/app/review", "removal"), ("/app/settings/integrations/subscribe", "price")):
        assert maya.post(path, **{field: number, "said": "keep"}).status_code < 500
    assert maya.get(f"/app/practice/trail?before={number}").status_code < 500


@pytest.mark.parametrize(
    "url", ["https://[::1", "https://xn--/", "http://[", "//[", "https://a\u2100b/", "https://x:y/"]
)
@pytest.mark.parametrize("service", ["caldav", "exchange"])
def test_an_account_at_no_address_is_told_on_the_form(maya: Browser, service: str, url: str) -> None:
    maya.get(f"/app/settings/integrations/add/{service}")

    answer = maya.post(f"/app/settings/integrations/add/{service}", account="a@b.example", secret="x", address=url)

    assert answer.status_code == 400


@pytest.fixture
def dripping() -> Iterator[str]:
    """A server that answers an octet at a time, for ever."""
    is_over = threading.Event()

    class Dripping(BaseHTTPRequestHandler):
        def do_PROPFIND(self) -> None:
            self.wfile.write(b"HTTP/1.1 207 Multi-Status\r\n\r\n")
            while not is_over.wait(0.02):
                self.wfile.write(b" ")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Dripping)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    is_over.set()
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_server_that_drips_holds_a_form_no_longer_than_agreed(desk: Desk, dripping: str) -> None:
    providers = ConfiguredProviders(Settings(bridges=BridgesPart(allowed_addresses=["127.0.0.1"])))
    connector = replace(desk.connector, providers=providers, patience=timedelta(seconds=0.3))
    give_password(desk.store, desk.practice.user_id)
    maya = Browser(pages_of(desk.practice, connector))
    maya.sign_in()
    maya.get("/app/settings/integrations/add/caldav")
    began = time.monotonic()

    answer = maya.post("/app/settings/integrations/add/caldav", account="a", secret="x", address=dripping)

    assert answer.status_code == 400
    assert "does not answer in time" in answer.text
    assert time.monotonic() - began < 5
