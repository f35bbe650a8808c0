"""An example on disk: a workspace with a model, and an inbox of files to ingest."""

from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Delivery:
    """Files of one format from one source, to be ingested together."""

    format: str
    source: str
    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class DemoCompany:
    """Where the company is, what is to be ingested in which order, and the days that it covers."""

    folder: Path
    start: date
    end: date
    model_files: tuple[Path, ...]
    deliveries: tuple[Delivery, ...]


def model_of(example: str) -> Traversable:
    """The folder of the package with the files that an example's workspace begins with."""
    return files("apportion.demo").joinpath(example, "workspace")


def copy_model(example: str, folder: Path) -> tuple[Path, ...]:
    """Copy those files into a folder, in order of names, and give their paths."""
    return tuple(_copy(model_of(example), folder))


def _copy(origin: Traversable, target: Path) -> list[Path]:
    """Copy a folder of the package, in order of names."""
    target.mkdir(parents=True, exist_ok=True)
    copied: list[Path] = []
    for entry in sorted(origin.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            copied += _copy(entry, target / entry.name)
        else:
            (target / entry.name).write_bytes(entry.read_bytes())
            copied.append(target / entry.name)
    return copied
