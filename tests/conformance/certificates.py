"""Certificates made on the spot: the server shows them, the program trusts those it is told to."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import pytest

from monitor.fetch.transport import tls_context


def certificate(folder: Path, name: str, days: int = 2) -> Path:
    """A self-signed certificate for a name, with its key in the same file. Skips the test where openssl is not installed."""
    key, made, both = (folder / f"{name}.{ending}" for ending in ("key", "crt", "pem"))
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}"]
    if days < 0:
        command += ["-not_before", "20200101000000Z", "-not_after", "20200201000000Z"]
    else:
        command += ["-days", str(days)]
    try:
        done = subprocess.run(
            [*command, "-addext", f"subjectAltName=DNS:{name}", "-keyout", str(key), "-out", str(made)], capture_output=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("SKIPPED: openssl is not installed; the TLS cases did not run")
    if done.returncode != 0:
        pytest.skip(f"SKIPPED: this openssl cannot make the certificate: {done.stderr.decode()[-200:]}")
    both.write_bytes(key.read_bytes() + made.read_bytes())
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
