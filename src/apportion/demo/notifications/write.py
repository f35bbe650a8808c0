"""The notification platform as a workspace: a model, and an inbox of files to ingest."""

from pathlib import Path

from apportion.demo.delivery import Delivery, DemoCompany, copy_model
from apportion.demo.notifications.cloud import write_bill
from apportion.demo.notifications.events import write_events
from apportion.demo.notifications.profiles import YEARS
from apportion.demo.notifications.providers import write_provider_bills
from apportion.demo.notifications.traffic import billable_usage, write_usage


def write_notifications(folder: Path, seed: int = 2023) -> DemoCompany:
    """Write the notification platform into a folder, which is made where it does not exist.

    The same seed gives the same bytes. Files of the same names are replaced; nothing else in the
    folder is touched. Raises ``OSError`` where the folder cannot be written.
    """
    model = copy_model("notifications", folder)
    inbox = folder / "inbox"
    for name in ("bills", "costs", "usage", "events"):
        (inbox / name).mkdir(parents=True, exist_ok=True)
    usage = billable_usage(seed)
    bills = write_provider_bills(inbox / "costs", usage)
    deliveries = (
        Delivery("focus", "cloud-bills", tuple(write_bill(inbox / "bills", seed))),
        *(Delivery("costs", provider, (path,)) for provider, path in bills.items()),
        Delivery("billable", "", tuple(write_usage(inbox / "usage", usage))),
        Delivery("events", "", (write_events(inbox / "events", usage, seed),)),
    )
    return DemoCompany(folder, YEARS.first, YEARS.last, model, deliveries)
