"""The example company as a workspace: a model, and an inbox of files to ingest."""

from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from apportion.demo.bill import write_bill
from apportion.demo.days import END, START
from apportion.demo.monitoring import write_monitoring
from apportion.demo.suppliers import write_suppliers
from apportion.demo.usage import write_usage


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


def write_company(folder: Path, seed: int = 2024) -> DemoCompany:
    """Write the example company into a folder, which is made where it does not exist.

    The same seed gives the same bytes. Files of the same names are replaced; nothing else in the
    folder is touched. Raises ``OSError`` where the folder cannot be written.
    """
    model = _copy(files("apportion.demo").joinpath("workspace"), folder)
    inbox = folder / "inbox"
    for name in ("bills", "costs", "usage"):
        (inbox / name).mkdir(parents=True, exist_ok=True)
    technical, business = write_usage(inbox / "usage", seed)
    deliveries = (
        Delivery("focus", "cloud-bills", tuple(write_bill(inbox / "bills", seed))),
        Delivery("costs", "suppliers", (write_suppliers(inbox / "costs", seed),)),
        Delivery("usage", "platform-metering", (technical,)),
        Delivery("usage", "sales-system", (business,)),
        Delivery("dynatrace", "dynatrace", (write_monitoring(inbox / "usage", seed),)),
    )
    return DemoCompany(folder, START, END, tuple(model), deliveries)


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
