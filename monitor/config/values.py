"""What a key of config.toml can hold, and the table that all tables are: unknown keys are errors."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from monitor.config.secrets import Secret, resolve
from monitor.hours import is_zone
from monitor.place import SCHEMES, Place, passwords_in, place_of


def resolved(value: object, info: ValidationInfo) -> object:
    """The secret that a reference stands for. Raises ValueError."""
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str):
        raise ValueError("a secret is given by reference: env:NAME or file:PATH")
    context = info.context or {}
    return resolve(value, context.get("folder", Path()), context.get("environment"))


def _place(value: object, info: ValidationInfo) -> object:
    if isinstance(value, Place):
        return value
    if not isinstance(value, str):
        raise ValueError("should be a file or an address in quotes")
    context = info.context or {}
    place = place_of(value, context.get("folder", Path()), context.get("environment"))
    if value.startswith(SCHEMES) and passwords_in(value):
        raise ValueError("holds a password: keep it out of this file with env:NAME or file:PATH for the whole address, or in ~/.pgpass")
    return place


def _path(value: object, info: ValidationInfo) -> object:
    if isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value:
        raise ValueError("should be a path in quotes")
    folder: Path = (info.context or {}).get("folder", Path())
    return folder / Path(value).expanduser()


def _address(value: str) -> str:
    if not value.startswith(("http://", "https://")) or len(value) < len("http://a"):
        raise ValueError("should be an address that begins with https:// or http://")
    return value


def _zone(value: str) -> str:
    if not is_zone(value):
        raise ValueError(f"unknown time zone {value!r}")
    return value


def _range(value: str) -> str:
    try:
        return str(ipaddress.ip_network(value))
    except ValueError:
        raise ValueError(f"{value!r} is not an address range such as 10.1.2.0/24") from None


def _lang(value: str) -> str:
    if not re.fullmatch(r"([a-z]{2})?", value):
        raise ValueError(f"{value!r} is not a language code of two letters such as vi, en or fr")
    return value


DatabasePlace = Annotated[Place, BeforeValidator(_place)]
SecretRef = Annotated[Secret, BeforeValidator(resolved)]
FilePath = Annotated[Path, BeforeValidator(_path)]
Address = Annotated[str, AfterValidator(_address)]
OptionalAddress = Annotated[str, AfterValidator(lambda value: value and _address(value))]
Zone = Annotated[str, AfterValidator(_zone)]
Ranges = tuple[Annotated[str, AfterValidator(_range)], ...]
Ports = tuple[Annotated[int, Field(ge=1, le=65535)], ...]
Lang = Annotated[str, AfterValidator(_lang)]


class Table(BaseModel):
    """A table of the file: unknown keys are errors, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, strict=False, hide_input_in_errors=True)


def _secret_address(value: object, info: ValidationInfo) -> object:
    """An address that may be a secret itself: written out, or by reference."""
    plain = isinstance(value, str) and value.startswith(("http://", "https://"))
    secret = Secret(str(value)) if plain else resolved(value, info)
    if isinstance(secret, Secret):
        _address(secret.reveal())
    return secret


SecretAddress = Annotated[Secret, BeforeValidator(_secret_address)]
