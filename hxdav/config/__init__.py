"""The settings: what may be set, where it is read from, and what is said where it is not understood."""

from hxdav.config.parts import GooglePart as GooglePart
from hxdav.config.parts import Part as Part
from hxdav.config.parts import ServerSettings as ServerSettings
from hxdav.config.settings import CONFIG_VARIABLE as CONFIG_VARIABLE
from hxdav.config.settings import DEFAULT_CONFIG as DEFAULT_CONFIG
from hxdav.config.settings import Settings as Settings
from hxdav.config.settings import load_settings as load_settings
from hxdav.config.toml_file import TomlFile as TomlFile
