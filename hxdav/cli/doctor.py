"""``hxdav doctor``: what is wrong with this installation, and how to mend it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import ip_address
from pathlib import Path
from ssl import CERT_NONE, create_default_context
from typing import Any
from urllib.parse import urlsplit

import typer
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from hxdav.bootstrap.installation import Installation
from hxdav.cli.configured import settings_file
from hxdav.cli.console import AsJson, print_json
from hxdav.config import TomlFile, load_settings
from hxdav.config.accounts_file import read_accounts
from hxdav.errors import ConfigurationError, HxdavError, StoreDamaged, UseCaseError
from hxdav.mail.smtp import MailServerFailed, conversation
from hxdav.secrets.keyring import load_key
from hxdav.services.practice import secret_rotation
from hxdav.services.practice.check_accounts import account_problems
from hxdav.serving.supervisor import listener_for
from hxdav.store import health, migrating, schema

_WARNED_BEFORE = timedelta(days=21)
_PROBE_SECONDS = 3
# Before hxdav was written: a clock that is behind it is wrong.
_NOT_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
# A server that is restored or carried elsewhere may have seen later times than its clock tells.
_AHEAD = timedelta(minutes=5)
# Longer than any holiday of a practice.
_SILENT = timedelta(days=400)
# Larger networks than one owner has, by the version of IP.
_WIDE = {4: 8, 6: 16}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """What a check found; ``mend`` says what to do, empty where all is well."""

    check: str
    ok: bool
    found: str
    mend: str = ""


def doctor(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Say what is wrong with this installation, and how to mend it; exit code 1 if anything is."""
    findings = list(_examine(settings_file(ctx)))
    if as_json:
        print_json([asdict(each) for each in findings])
    else:
        for each in findings:
            sign = typer.style("✓", fg=typer.colors.GREEN) if each.ok else typer.style("✗", fg=typer.colors.RED)
            typer.echo(f"{sign} {each.check:<12}{each.found}")
            if each.mend:
                typer.echo(f"  {'':<12}→ {each.mend}")
    if not all(each.ok for each in findings):
        raise typer.Exit(1)


def _examine(path: Path) -> Iterator[CheckResult]:
    try:
        settings = load_settings(path)
    except ConfigurationError as error:
        yield CheckResult(check="settings", ok=False, found=str(error), mend="Correct the settings file.")
        return
    yield _settings(path)
    with closing(Installation(settings)) as here:
        yield from _examine_installation(here)


def _examine_installation(here: Installation) -> Iterator[CheckResult]:
    checks: tuple[Callable[[Installation], CheckResult], ...] = (
        _data_folder, _database, _schema, _accounts, _key, _vault, _tls, _public_url, _proxies, _port, _mail, _clock
    )  # fmt: skip
    for check in checks:
        try:
            yield check(here)
        except HxdavError as error:
            yield CheckResult(check=check.__name__.strip("_").replace("_", " "), ok=False, found=str(error))


def _settings(path: Path) -> CheckResult:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o022:
        return _bad("settings", f"{path} has mode {mode:o}: others can change it.", f"Run: chmod 600 {path}")
    if mode & 0o044 and _holds_secrets(TomlFile(path).values):
        return _bad("settings", f"{path} holds passwords, and others can read it.", f"Run: chmod 600 {path}")
    return _good("settings", str(path))


def _accounts(here: Installation) -> CheckResult:
    path = here.settings.accounts_file
    if not path.exists():
        return _good("accounts", f"no {path.name}; the practice is changed by commands only")
    try:
        wanted = read_accounts(path)
        with here.store.snapshot() as tx:
            problems = account_problems(tx, wanted)
    except ConfigurationError as error:
        problems = list(error.problems)
    if problems:
        return _bad("accounts", " ".join(problems), f"Correct {path}; hxdav goes on with what was applied last.")
    return _good("accounts", str(path))


def _data_folder(here: Installation) -> CheckResult:
    folder = here.settings.data_dir
    if not folder.is_dir():
        return _bad("data folder", f"There is no folder {folder}.", "Run: hxdav db upgrade")
    if not os.access(folder, os.W_OK | os.X_OK):
        return _bad("data folder", f"{folder} cannot be written to.", "Give it to the user that hxdav runs as.")
    return _good("data folder", str(folder))


def _database(here: Installation) -> CheckResult:
    if not here.settings.data_dir.is_dir() and here.settings.database.url.startswith("sqlite:"):
        return _bad("database", "There is no database.", "Run: hxdav db upgrade")
    url = here.settings.database.url
    file = Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:") else None
    aside = f"move {file} aside" if file else "empty the database"
    restore = f"Stop hxdav, {aside}, then run: hxdav db upgrade && hxdav restore BACKUP"
    try:
        problems = health.database_problems(here.any_store, restore=restore)
    except StoreDamaged as damaged:
        return _bad("database", str(damaged), restore)
    if problems:
        mends = dict.fromkeys(each.mend for each in problems)
        return _bad("database", " ".join(each.sentence for each in problems), " ".join(mends))
    if file is not None and _is_open_to_others(file):
        return _bad("database", f"{file} can be read by every user of this machine.", f"Run: chmod 600 {file}*")
    return _good("database", "answers, and is sound")


def _schema(here: Installation) -> CheckResult:
    with here.any_store.snapshot() as tx:
        found = schema.state(tx)
        differences = migrating.differences(tx.connection) if found.is_current else []
    if not found.is_current:
        return _bad("schema", f"{found.present or 'none'}, expected {found.expected}", "Run: hxdav db upgrade")
    if differences:
        return _bad("schema", f"{len(differences)} differences from what it should be", "Run: hxdav db check")
    return _good("schema", found.expected)


def _key(here: Installation) -> CheckResult:
    path = here.settings.key_file
    with here.store.snapshot() as tx:
        proof = tx.installation.key_proof()
    if not path.exists() and proof is None:
        return _good("key", "none yet; it is made on first use")
    if not path.exists():
        return _bad("key", f"{path} is missing.", "Put the installation's key back there.")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return _bad("key", f"{path} has mode {mode:o}: others can read it.", f"Run: chmod 600 {path}")
    if proof is not None and load_key(path).proof != proof:
        return _bad("key", f"{path} is not the key of this database.", "Put the installation's own key back there.")
    return _good("key", str(path))


def _vault(here: Installation) -> CheckResult:
    path = here.settings.vault_file
    with here.store.snapshot() as tx:
        used = secret_rotation.keys_in_use(tx)
    if not used and not path.exists():
        return _good("vault", "none yet; it is made when the first account is connected")
    # It raises a sentence where it is missing, or holds not all of the keys.
    _ = here.vault
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return _bad("vault", f"{path} has mode {mode:o}: others can read it.", f"Run: chmod 600 {path}")
    return _good("vault", str(path))


def _tls(here: Installation) -> CheckResult:
    tls = here.settings.server.tls
    if tls is None:
        return _good("tls", "none; clients or a proxy speak plain HTTP with hxdav")
    try:
        certificate = x509.load_pem_x509_certificate(tls.certificate.read_bytes())
        key = serialization.load_pem_private_key(tls.key.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a PEM file"
        return _bad("tls", f"Certificate or key cannot be read: {reason}.", "Correct [server.tls] in the settings.")
    ends = certificate.not_valid_after_utc
    if key.public_key() != certificate.public_key():
        return _bad("tls", "The key is not that of the certificate.", f"Put the right key into {tls.key}.")
    if not certificate.not_valid_before_utc <= here.clock.now() < ends - _WARNED_BEFORE:
        return _bad("tls", f"The certificate ends on {ends:%Y-%m-%d}.", f"Renew {tls.certificate}, then restart.")
    return _good("tls", f"certificate valid until {ends:%Y-%m-%d}")


def _public_url(here: Installation) -> CheckResult:
    server = here.settings.server
    if server.public_url is None and not server.host.is_loopback:
        return _bad(
            "public url", f"hxdav listens on {server.host}, and no public_url is set.", "Set public_url in [server]."
        )
    if server.url.startswith("http://") and not _is_this_machine(server.url):
        return _bad(
            "public url",
            f"{server.url} is not encrypted: passwords and appointments can be read on their way.",
            "Set [server.tls], or put a proxy with https in front, and make public_url an https address.",
        )
    return _good("public url", server.url)


def _proxies(here: Installation) -> CheckResult:
    trusted = here.settings.server.trusted_proxies
    wide = [str(each) for each in trusted if each.is_global and each.prefixlen < _WIDE[each.version]]
    if wide:
        return _bad(
            "proxies",
            f"{', '.join(wide)} lets everybody say from which address and by which host they come.",
            "Name only your own proxies in trusted_proxies of [server].",
        )
    return _good("proxies", ", ".join(map(str, trusted)) or "none is trusted")


def _port(here: Installation) -> CheckResult:
    server = here.settings.server
    try:
        listener_for(server).close()
    except UseCaseError as taken:
        if _is_hxdav(here):
            return _good("port", f"{server.port}, served by hxdav")
        return _bad("port", str(taken), "Stop what listens there, or set another port in [server].")
    return _good("port", f"{server.port}, free")


def _mail(here: Installation) -> CheckResult:
    mail = here.settings.mail_settings()
    if not mail.is_on:
        return _good("mail", "off; what practitioners are told is in hxdav notifications list")
    try:
        with conversation(mail):
            return _good("mail", f"{mail.host}, port {mail.port}, answers")
    except MailServerFailed as failure:
        return _bad("mail", str(failure), "Correct [mail] in the settings, or see what is wrong with that server.")


def _clock(here: Installation) -> CheckResult:
    now = here.clock.now()
    with here.store.snapshot() as tx:
        latest = tx.trail.latest_moment()
    if now < _NOT_BEFORE or (latest is not None and now < latest - _AHEAD):
        return _bad(
            "clock", f"It says {now:%Y-%m-%d %H:%M} UTC, which is earlier than it can be.", "Set the machine's clock."
        )
    if latest is not None and now > latest + _SILENT:
        return _bad(
            "clock",
            f"It says {now:%Y-%m-%d %H:%M} UTC, and the last entry of the audit log is of {latest:%Y-%m-%d}.",
            "Set the machine's clock, unless hxdav has not been used since.",
        )
    return _good("clock", f"{now:%Y-%m-%d %H:%M} UTC")


def _is_hxdav(here: Installation) -> bool:
    """Whether hxdav answers at the port: it asks for a login in its own realm."""
    server = here.settings.server
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(str(server.host), str(server.host))  # noqa: S104 - compared with
    if server.tls:
        # Who answers is asked here, not whether it is trusted.
        context = create_default_context()
        context.check_hostname = False
        context.verify_mode = CERT_NONE
        connection: HTTPConnection = HTTPSConnection(host, server.port, timeout=_PROBE_SECONDS, context=context)
    else:
        connection = HTTPConnection(host, server.port, timeout=_PROBE_SECONDS)
    try:
        connection.request("PROPFIND", f"{here.settings.dav.prefix}/")
        asked = connection.getresponse().getheader("WWW-Authenticate") or ""
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
    return f'realm="{here.settings.dav.realm}"' in asked


def _is_open_to_others(file: Path) -> bool:
    """Whether other users of the machine get at a file: by its own mode, and through its folder."""
    return bool(file.stat().st_mode & 0o044 and file.parent.stat().st_mode & 0o011)


def _holds_secrets(values: Mapping[str, Any]) -> bool:
    """Whether a settings file holds a password, as its value or within the address of the database."""
    within = (_holds_secrets(each) for each in values.values() if isinstance(each, Mapping))
    own = any(values.get(name) for name in ("password", "client_secret"))
    url = str(values.get("url", ""))
    return own or any(within) or bool("@" in url and urlsplit(url).password)


def _is_this_machine(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _good(check: str, found: str) -> CheckResult:
    return CheckResult(check=check, ok=True, found=found)


def _bad(check: str, found: str, mend: str) -> CheckResult:
    return CheckResult(check=check, ok=False, found=found, mend=mend)
