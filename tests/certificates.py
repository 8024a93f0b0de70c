"""Certificates made on the spot: the server shows them, the program trusts those it is told to."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import pytest

from monitor.fetch.transport import tls_context

_AUTHORITY = """\
[ca]
default_ca = here
[here]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
x509_extensions = names
[any]
commonName = supplied
[names]
subjectAltName = DNS:{name}
"""


def certificate(folder: Path, name: str, *, valid: tuple[str, str] = ("20200101000000Z", "20400101000000Z")) -> Path:
    """A self-signed certificate for a name, with its key in the same file. Skips the test where openssl is not installed."""
    (folder / "ca.cnf").write_text(_AUTHORITY.format(name=name), encoding="ascii")
    (folder / "index.txt").touch()
    (folder / "serial").write_text("01", encoding="ascii")
    asked = [
        "req",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-subj",
        f"/CN={name}",
        "-keyout",
        "key",
        "-out",
        "asked",
    ]
    signed = ["ca", "-batch", "-notext", "-config", "ca.cnf", "-selfsign", "-keyfile", "key", "-in", "asked", "-out", "made"]
    try:
        for command in (asked, [*signed, "-startdate", valid[0], "-enddate", valid[1]]):
            subprocess.run(["openssl", *command], cwd=folder, capture_output=True, check=True)
    except FileNotFoundError:
        pytest.skip("SKIPPED: openssl is not installed; the TLS cases did not run")
    both = folder / f"{name}.pem"
    both.write_bytes((folder / "key").read_bytes() + (folder / "made").read_bytes())
    return both


def shown(path: Path) -> ssl.SSLContext:
    """What a server with this certificate uses."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def trusting(path: Path | None = None) -> ssl.SSLContext:
    """What the program uses: the well-known authorities, and this one."""
    context = tls_context()
    if path is not None:
        context.load_verify_locations(path)
    return context
