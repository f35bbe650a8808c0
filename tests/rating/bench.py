"""A workspace that bills, with short ways to bring files into it."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from billing import SERVICE, table

import apportion as ap


class Clock:
    """A clock that goes on by a second each time that it is looked at."""

    def __init__(self) -> None:
        self.at = datetime(2024, 6, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


class Bench:
    """A workspace in a folder, and short ways to bring files into it."""

    def __init__(self, folder: Path, **changed: Any) -> None:
        self.folder = folder
        self.clock = Clock()
        self.ids = iter(range(10_000))
        (folder / "model").mkdir(parents=True)
        self.declare(**changed)

    def declare(self, **changed: Any) -> None:
        """Write the model, with some of its lists or settings replaced."""
        model = {**SERVICE, **changed}
        lists = {name: value for name, value in model.items() if isinstance(value, list)}
        settings = {name: value for name, value in model.items() if name not in lists}
        settings |= {name: lists.pop(name) for name in list(lists) if name.endswith(_WORDS)}
        (self.folder / "apportion.yaml").write_text(json.dumps(settings), encoding="utf-8")
        text = json.dumps(lists, default=str)
        (self.folder / "model" / "service.yaml").write_text(text, encoding="utf-8")

    def open(self, on_step: Callable[[str], None] = lambda _: None) -> ap.Workspace:
        """The workspace as the files have it now."""
        return ap.Workspace(
            self.folder, now=self.clock, new_id=lambda: f"{next(self.ids):04}", on_step=on_step
        )

    def units(self, *rows: Mapping[str, Any], **options: Any) -> Any:
        """Ingest rows of billable usage."""
        path = self.folder / "units.parquet"
        pq.write_table(table(*rows), path)
        return self.open().ingest("billable", path, **options)

    def events(self, lines: Sequence[str], **options: Any) -> Any:
        """Ingest events: id, moment, and what differs from a delivered text of one fragment."""
        path = self.folder / "events.csv"
        header = "id,created_at,account,channel,status,key_type,provider,fragments,multiplier\n"
        path.write_text(header + "".join(f"{line}\n" for line in lines), encoding="utf-8")
        return self.open().ingest("events", path, **options)

    def usage(self) -> list[dict[str, Any]]:
        """The billable usage that counts, without who brought it."""
        workspace = self.open()
        workspace.rate()
        rows = workspace.charges().rows.to_pylist()
        names = table().column_names
        return [{name: each[name] for name in names} for each in rows]


_WORDS = ("_statuses", "_key_types")
