"""Settings: what a file and the environment say, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from hxdav.config import Settings, TomlFile, load_settings
from hxdav.errors import ConfigurationError

SHIPPED = Path(__file__).parents[2] / "config"


def a_settings_file(folder: Path, text: str = "") -> Path:
    path = folder / "hxdav.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems_of(path: Path) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(path)
    return caught.value.problems


def test_an_empty_file_means_the_defaults(tmp_path: Path) -> None:
    settings = load_settings(a_settings_file(tmp_path))

    assert settings.server.url == "http://127.0.0.1:5232"
    assert settings.database.url == f"sqlite:///{tmp_path}/hxdav.db"
    assert settings.key_file == tmp_path / "hxdav.key"
    assert settings.rules.policy().window_days == 201


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HXDAV_SERVER__PORT", "8080")
    monkeypatch.setenv("HXDAV_DATABASE__URL", "postgresql+psycopg://hxdav@localhost/hxdav")

    settings = load_settings(a_settings_file(tmp_path, "[server]\nport = 80\nthreads = 3\n"))

    assert (settings.server.port, settings.server.threads) == (8080, 3)
    assert settings.database.url == "postgresql+psycopg://hxdav@localhost/hxdav"


def test_the_file_is_the_one_that_the_environment_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HXDAV_CONFIG", str(a_settings_file(tmp_path, "[server]\nport = 81\n")))

    assert load_settings().server.port == 81


def test_relative_paths_start_at_the_files_folder(tmp_path: Path) -> None:
    text = """
data_dir = "data"
[database]
url = "sqlite:///base/store.db"
[secrets]
key_file = "keys/key"
[server.tls]
certificate = "tls/server.pem"
key = "/etc/key.pem"
"""
    settings = load_settings(a_settings_file(tmp_path, text))

    assert settings.data_dir == tmp_path / "data"
    assert settings.database.url == f"sqlite:///{tmp_path}/base/store.db"
    assert settings.key_file == tmp_path / "keys/key"
    assert settings.server.tls is not None
    assert (settings.server.tls.certificate, settings.server.tls.key) == (
        tmp_path / "tls/server.pem",
        Path("/etc/key.pem"),
    )
    assert settings.server.url == "https://127.0.0.1:5232"


def test_an_absolute_database_file_stays_where_it_is(tmp_path: Path) -> None:
    settings = load_settings(a_settings_file(tmp_path, '[database]\nurl = "sqlite:////srv/hxdav.db"\n'))

    assert settings.database.url == "sqlite:////srv/hxdav.db"


def test_unlimited_opens_the_window(tmp_path: Path) -> None:
    path = a_settings_file(tmp_path, '[rules]\nwindow_days = "unlimited"\n')

    assert load_settings(path).rules.policy().window_days is None


def test_mail_is_off_unless_a_server_is_named(tmp_path: Path) -> None:
    assert not load_settings(a_settings_file(tmp_path)).mail_settings().is_on


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_port_of_the_mail_server_follows_the_security(security: str, port: int, tmp_path: Path) -> None:
    text = f'[mail]\nhost = "mail.example"\nsender = "hxdav@practice.example"\nsecurity = "{security}"\n'

    settings = load_settings(a_settings_file(tmp_path, text)).mail_settings()

    assert (settings.host, settings.port, settings.link) == ("mail.example", port, "http://127.0.0.1:5232")


def test_the_mail_servers_password_is_read_from_the_environment_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HXDAV_MAIL__PASSWORD", "12345678")
    text = '[mail]\nhost = "mail.example"\nsender = "hxdav@practice.example"\nusername = "hxdav"\n'

    settings = load_settings(a_settings_file(tmp_path, text))

    assert settings.mail_settings().password == "12345678"
    assert "12345678" not in f"{settings!r} {settings.mail_settings()!r}"


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("", "it needs a sender"),
        ('sender = "practice"', "it needs a sender"),
        ('sender = "a@b.example"\nusername = "hxdav"', "belong together"),
        ('sender = "a@b.example"\npassword = "sesame"', "belong together"),
        ('sender = "a@b.example"\nusername = "u"\npassword = "sesame"\nsecurity = "none"', "readable on its way"),
    ],
)
def test_mail_that_cannot_be_sent_or_not_safely_is_refused(lines: str, sentence: str, tmp_path: Path) -> None:
    path = a_settings_file(tmp_path, f'[mail]\nhost = "mail.example"\n{lines}\n')

    (problem,) = problems_of(path)

    assert problem.startswith(f'{path}, line 1: "mail" is not usable: ')
    assert sentence in problem
    assert "sesame" not in problem


def test_every_problem_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    path = a_settings_file(tmp_path, '[server]\nport = "none"\nprot = 80\n\n[server.tls]\nkey = "k"\n[colours]\n')

    found = problems_of(path)

    assert len(found) == 4
    assert any(re.search(r'line 2: "server.port" is not usable: .* integer', each) for each in found)
    assert f'{path}, line 3: "server.prot" is not a key that hxdav knows.' in found
    assert f'{path}, line 5: "server.tls.certificate" is missing.' in found
    assert f'{path}, line 7: "colours" is not a key that hxdav knows.' in found


def test_a_problem_in_the_environment_names_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HXDAV_SERVER__PROT", "80")

    assert problems_of(a_settings_file(tmp_path)) == (
        'HXDAV_SERVER__PROT in the environment: "server.prot" is not a key that hxdav knows.',
    )


def test_a_problem_does_not_quote_the_value(tmp_path: Path) -> None:
    path = a_settings_file(tmp_path, '[database]\nurl = "mysql://hxdav:sesame@localhost/hxdav"\n')

    assert "sesame" not in " ".join(problems_of(path))


@pytest.mark.parametrize("text", ["[server\n", "port = \n\n", '[server]\nport = "\n'])
def test_a_file_that_is_not_toml_is_told_with_its_line(text: str, tmp_path: Path) -> None:
    (problem,) = problems_of(a_settings_file(tmp_path, text))

    assert "is not valid TOML" in problem
    assert "line" in problem


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    assert problems_of(tmp_path / "none.toml") == (
        f"There is no settings file {tmp_path}/none.toml. Name one with --config or HXDAV_CONFIG.",
    )


def test_places_are_found_in_arrays_of_tables_and_beside_long_strings(tmp_path: Path) -> None:
    text = '[[a]]\nx = """\ny = 1\n"""\n[[a.b]]\nk.l = 1\n[[a]]\n[[a.b]]\n[[a.b]]\n"q" = 2\n'
    file = TomlFile(a_settings_file(tmp_path, text))

    assert file.place(("a", 0, "x")).endswith("line 2")
    assert file.place(("a", 0, "b", 0, "k", "l")).endswith("line 6")
    assert file.place(("a", 1, "b", 1, "q")).endswith("line 10")
    assert file.place(("a", 0, "y")).endswith("line 1")
    assert file.place(("b",)) == str(file.path)


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    settings = load_settings(a_settings_file(tmp_path))

    with pytest.raises(ValueError, match="frozen"):
        settings.server.port = 1  # type: ignore[misc]


def test_every_setting_says_what_it_is() -> None:
    parts = [field.annotation for field in Settings.model_fields.values()]
    fields = {
        f"{part.__name__}.{name}": field.description
        for part in parts
        if isinstance(part, type) and issubclass(part, BaseModel)
        for name, field in part.model_fields.items()
    }

    assert len(fields) > 15
    assert [name for name, description in fields.items() if not description] == []


def test_the_shipped_file_is_usable_and_names_every_setting(tmp_path: Path) -> None:
    shipped = (SHIPPED / "hxdav.toml").read_text(encoding="utf-8")
    settings = load_settings(SHIPPED / "hxdav.toml")
    uncommented = re.sub(r"(?m)^# (?=\[|[a-z_]+ = )", "", shipped)
    # Of the two addresses of a database one is enough.
    uncommented = re.sub(r'(?m)^url = "sqlite.*\n', "", uncommented)

    told = load_settings(a_settings_file(tmp_path, uncommented))

    assert settings.data_dir.resolve() == SHIPPED.parent / "var"
    assert told.model_fields_set == set(Settings.model_fields)
    for name in Settings.model_fields:
        part = getattr(told, name)
        if isinstance(part, BaseModel) and name not in {"rules", "database"}:
            assert part.model_fields_set == set(type(part).model_fields), name


@pytest.mark.parametrize(("workers", "each"), [(1, 10), (2, 5), (16, 1)])
def test_the_limit_of_wrong_passwords_holds_for_all_processes_together(tmp_path: Path, workers: int, each: int) -> None:
    settings = load_settings(a_settings_file(tmp_path, f"[server]\nworkers = {workers}\n"))

    assert settings.dav_settings().failed_logins == each
