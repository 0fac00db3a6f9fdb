"""The numbers beside a server of several processes, on a port of their own."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.e2e.serving import DemoServer
from tests.ports import free_port
from tests.waiting import until


def test_one_of_several_processes_serves_the_numbers_and_only_on_their_own_port(tmp_path: Path) -> None:
    port = free_port()
    settings = {"HXDAV_METRICS__PORT": str(port), "HXDAV_SERVER__WORKERS": "2"}
    server = DemoServer(tmp_path, environment=settings)

    def scraped() -> str:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
        except httpx.ConnectError:
            return ""

    try:
        server.start()
        text = until(scraped, what="the numbers")
        with server.http() as http:
            on_the_servers_port = http.get("/metrics").status_code
    finally:
        server.kill()

    assert 'hxdav_integrations{health="well",service="native"}' in text
    assert on_the_servers_port in {403, 404}
