"""A local certificate authority for the demo, because Apple's calendars send passwords over TLS only."""

from __future__ import annotations

import ipaddress
import os
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_AUTHORITY_FOR = timedelta(days=3650)
# Apple refuses server certificates that are valid for longer than 825 days.
_SERVER_FOR = timedelta(days=800)
_RENEWED_BEFORE = timedelta(days=30)
_BACKDATED = timedelta(hours=1)

TRUST_ADVICE = (
    "On a Mac: open the file, add it to the keychain, then set it to Always Trust. On an iPhone: send it there, "
    "install the profile in Settings, then enable it in Settings, General, About, Certificate Trust Settings."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalCertificates:
    """Where the files are."""

    authority: Path
    certificate: Path
    key: Path


def local_certificates(folder: Path) -> LocalCertificates:
    """A local authority, made once, and a certificate of it for this machine, renewed in time."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = LocalCertificates(
        authority=folder / "ca.pem", certificate=folder / "server.pem", key=folder / "server-key.pem"
    )
    authority_key_file = folder / "ca-key.pem"
    if not (files.authority.exists() and authority_key_file.exists()):
        _make_authority(files.authority, authority_key_file)
        files.certificate.unlink(missing_ok=True)
    if not (files.key.exists() and _is_good(files.certificate)):
        _make_server(files, authority_key_file)
    return files


def machine_names() -> list[str]:
    """The names by which this machine is reached, from itself and from the local network."""
    host = socket.gethostname().removesuffix(".local").lower()
    return ["localhost", host, f"{host}.local"]


def _make_authority(certificate_file: Path, key_file: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "hxdav demo"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"hxdav demo authority on {machine_names()[1]}"[:64]),
        ]
    )
    builder = _builder(name, key, _AUTHORITY_FOR).issuer_name(name)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    _write_key(key_file, key)
    _write(certificate_file, builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


def _make_server(files: LocalCertificates, authority_key_file: Path) -> None:
    authority = x509.load_pem_x509_certificate(files.authority.read_bytes())
    authority_key = serialization.load_pem_private_key(authority_key_file.read_bytes(), password=None)
    if not isinstance(authority_key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{authority_key_file} is not the key that was put there")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names: list[x509.GeneralName] = [x509.DNSName(each) for each in machine_names()]
    names += [x509.IPAddress(ipaddress.ip_address(each)) for each in ("127.0.0.1", "::1")]
    builder = _builder(name, key, _SERVER_FOR).issuer_name(authority.subject)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
    )
    certificate = builder.sign(authority_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    _write_key(files.key, key)
    _write(files.certificate, certificate + files.authority.read_bytes())


def _builder(name: x509.Name, key: ec.EllipticCurvePrivateKey, valid_for: timedelta) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # A client whose clock is a little behind takes it too.
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + valid_for)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _is_good(certificate_file: Path) -> bool:
    """Whether there is a certificate that lasts a while and names this machine as it is called now."""
    if not certificate_file.exists():
        return False
    certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    is_named = set(machine_names()) <= set(names.get_values_for_type(x509.DNSName))
    return is_named and certificate.not_valid_after_utc > datetime.now(UTC) + _RENEWED_BEFORE


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(path, text, mode=0o600)


def _write(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
