"""All settings together: one TOML file, then ``HXDAV_*`` of the environment; read once, frozen.

``HXDAV_SERVER__PORT=8080`` stands for ``port`` in ``[server]``. Relative paths start at the settings file's folder.
"""

from __future__ import annotations

import math
import os
from datetime import timedelta
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from hxdav.config.parts import (
    BridgesPart,
    DatabaseSettings,
    DavPart,
    ExchangePart,
    GooglePart,
    LogSettings,
    MailPart,
    MetricsPart,
    MicrosoftPart,
    RulesSettings,
    SecretsSettings,
    ServerSettings,
    TlsSettings,
)
from hxdav.config.toml_file import PREFIX, TomlFile
from hxdav.dav.settings import DavSettings
from hxdav.errors import ConfigurationError
from hxdav.mail.settings import MailSettings

CONFIG_VARIABLE = "HXDAV_CONFIG"
"""The environment variable that names the settings file."""

DEFAULT_CONFIG = Path("config/hxdav.toml")
"""The settings file where none is named."""


class Settings(BaseSettings):
    """All settings; each part is handed to whom it concerns, by ``bootstrap``."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", frozen=True, extra="forbid")

    data_dir: Path = Field(default=Path(), description="Folder of the database, the key and the vault.")
    accounts_file: Path = Field(
        default=Path("accounts.toml"), description="The accounts file with which the pages compare the practice."
    )
    server: ServerSettings = ServerSettings()
    database: DatabaseSettings = DatabaseSettings()
    secrets: SecretsSettings = SecretsSettings()
    rules: RulesSettings = RulesSettings()
    mail: MailPart = MailPart()
    google: GooglePart = GooglePart()
    microsoft: MicrosoftPart = MicrosoftPart()
    exchange: ExchangePart = ExchangePart()
    bridges: BridgesPart = BridgesPart()
    metrics: MetricsPart = MetricsPart()
    log: LogSettings = LogSettings()
    dav: DavPart = DavPart()

    @classmethod
    def settings_customise_sources(  # noqa: PLR0917 - pydantic's signature
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic's signature, here and below
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment goes before the file, whose values are those that the class is called with."""
        return (env_settings, init_settings)

    def dav_settings(self) -> DavSettings:
        """The CalDAV side's settings as one serving process takes them.

        Each process counts its own part of the wrong passwords, so that the limit holds for all together. It refuses
        no right one, so a small part harms nobody.
        """
        return DavSettings(
            prefix=self.dav.prefix,
            realm=self.dav.realm,
            max_resource_size=self.dav.max_resource_size,
            max_body_size=self.dav.max_body_size,
            trusted_proxies=tuple(str(each) for each in self.server.trusted_proxies),
            failed_logins=math.ceil(self.dav.failed_logins / self.server.processes),
            failed_logins_within=timedelta(minutes=self.dav.failed_logins_minutes),
        )

    def mail_settings(self) -> MailSettings:
        """Mail's settings as the outbox takes them."""
        return self.mail.settings(self.server.url)

    @property
    def key_file(self) -> Path:
        """Where the installation's key is."""
        return self.secrets.key_file or self.data_dir / "hxdav.key"

    @property
    def vault_file(self) -> Path:
        """Where the vault's keys are."""
        return self.secrets.vault_file or self.data_dir / "hxdav.vault"


def load_settings(path: Path | None = None) -> Settings:
    """The settings in ``path``, by default what HXDAV_CONFIG names; raises ConfigurationError with every problem."""
    path = path or Path(os.environ.get(CONFIG_VARIABLE) or DEFAULT_CONFIG)
    if not path.exists():
        raise ConfigurationError(f"There is no settings file {path}. Name one with --config or {CONFIG_VARIABLE}.")
    file = TomlFile(path)
    try:
        settings = Settings(**file.values)
    except ValidationError as error:
        raise ConfigurationError(*file.problems(error)) from None
    return _beside(settings, path.absolute().parent)


def _beside(settings: Settings, folder: Path) -> Settings:
    """``settings`` with absolute paths, the relative ones read from ``folder``, and the database named."""
    data_dir = folder / settings.data_dir
    key_file, vault_file = settings.secrets.key_file, settings.secrets.vault_file
    tls = settings.server.tls
    if tls is not None:
        tls = TlsSettings(certificate=folder / tls.certificate, key=folder / tls.key)
    ca_file = settings.bridges.ca_file
    file = settings.database.url.removeprefix("sqlite:///")
    url = settings.database.url
    if url in {"", f"sqlite:///{file}"}:
        url = f"sqlite:///{folder / file if file else data_dir / 'hxdav.db'}"
    return settings.model_copy(
        update={
            "data_dir": data_dir,
            "accounts_file": folder / settings.accounts_file,
            "database": DatabaseSettings(url=url),
            "secrets": SecretsSettings(
                key_file=folder / key_file if key_file else None,
                vault_file=folder / vault_file if vault_file else None,
            ),
            "bridges": settings.bridges.model_copy(update={"ca_file": folder / ca_file if ca_file else None}),
            "server": settings.server.model_copy(update={"tls": tls}),
        }
    )
