"""A policy as the TOML that :func:`redactor.config.parse_policy` reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from redactor.policy import Policy


def to_toml(policy: Policy) -> str:
    """The policy that is in force as TOML, defaults included; reading it again gives an equal policy."""
    lines, tables = [], []
    for f in fields(policy):
        value = getattr(policy, f.name)
        if is_dataclass(value) or isinstance(value, Mapping):
            tables.append((f.name, value))
        else:
            lines.append(f"{f.name} = {_toml_value(value)}")
    for name, table in tables:
        lines += _toml_table(name, table)
    return "\n".join(lines) + "\n"


def _toml_table(name: str, table: Any) -> list[str]:
    items = (
        dict(table) if isinstance(table, Mapping) else {f.name: getattr(table, f.name) for f in fields(table)}
    )
    lines, nested = ["", f"[{name}]"], []
    for key, value in items.items():
        if isinstance(value, Mapping):
            nested += _toml_table(f"{name}.{key}", value)
        else:
            lines.append(f"{key} = {_toml_value(value)}")
    return lines + nested


def _toml_value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_toml_value, value)) + "]"
    # JSON strings and numbers are TOML's, but for escaped surrogates and the unescaped delete character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
