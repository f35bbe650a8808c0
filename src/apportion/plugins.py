"""The one registry: what can be added by adding one file.

A kind of plug-in has a folder of the package, in which each module holds one plug-in under an
agreed name, and a group of entry points, through which other packages add theirs. Folders are
searched when a kind is first asked for, so that start-up pays for nothing it does not use.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of plug-in: where it lives, what its object is called, who else may add to it."""

    package: str
    attribute: str
    entry_point_group: str


STRATEGIES = Kind("apportion.attribution.strategies", "STRATEGY", "apportion.strategies")
FORMATS = Kind("apportion.ingest.formats", "FORMAT", "apportion.formats")


class DuplicatePluginError(Exception):
    """Two plug-ins of one kind carry the same name, so a model could mean either."""


@cache
def registered(kind: Kind) -> Mapping[str, Any]:
    """Every plug-in of a kind by its name, in the order of names.

    Raises ``DuplicatePluginError`` where two share a name.
    """
    found: dict[str, Any] = {}
    for plugin in [*_own(kind), *_others(kind)]:
        if found.setdefault(plugin.name, plugin) is not plugin:
            raise DuplicatePluginError(f"two plug-ins in {kind.package} are named {plugin.name!r}")
    return MappingProxyType(dict(sorted(found.items())))


def _own(kind: Kind) -> list[Any]:
    folder = importlib.import_module(kind.package)
    names = sorted(module.name for module in pkgutil.iter_modules(folder.__path__))
    modules = [importlib.import_module(f"{kind.package}.{name}") for name in names]
    return [getattr(module, kind.attribute) for module in modules]


def _others(kind: Kind) -> list[Any]:
    points = sorted(entry_points(group=kind.entry_point_group), key=lambda point: point.name)
    return [point.load() for point in points]
