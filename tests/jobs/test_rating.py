"""Rating in a child process."""

from datetime import date
from pathlib import Path

from begins import ALLOWED
from bench import Bench
from billing import row
from happenings import Happening

from apportion.jobs.outcomes import Outcome
from apportion.jobs.processes import Children
from apportion.jobs.rating import rate
from apportion.jobs.uploads import private_folder


def rated(children: Children, folder: Path) -> Outcome:
    """Rate as a server does."""
    with private_folder(folder) as private:
        return rate(children, folder, private, ALLOWED)


def test_rating_in_a_child(children: Children, tmp_path: Path, happening: Happening) -> None:
    bench = Bench(tmp_path / "service")
    bench.units(row(date(2023, 4, 1), 14))
    happening.kill_at("record")
    outcome = rated(children, bench.folder)
    assert [each["code"] for each in outcome.findings] == ["crashed_work"]
    assert bench.open().billing.ratings() == []
    happening.nothing()
    first, second = rated(children, bench.folder), rated(children, bench.folder)
    assert first.done
    assert second.done
    assert (first.done["is_new"], second.done["is_new"]) == (True, False)
    assert first.done["rating"] == second.done["rating"]
    assert (first.done["rating"]["rows"], first.done["rating"]["chargeable_units"]) == (1, 14)
    assert len(bench.open().billing.ratings()) == 1
