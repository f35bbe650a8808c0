"""The example company as a workspace: a model, and an inbox of files to ingest."""

from pathlib import Path

from apportion.demo.company.cloud import write_bill
from apportion.demo.company.monitoring import write_monitoring
from apportion.demo.company.profiles import YEAR
from apportion.demo.company.suppliers import write_suppliers
from apportion.demo.company.usage import write_usage
from apportion.demo.delivery import Delivery, DemoCompany, copy_model


def write_company(folder: Path, seed: int = 2024) -> DemoCompany:
    """Write the example company into a folder, which is made where it does not exist.

    The same seed gives the same bytes. Files of the same names are replaced; nothing else in the
    folder is touched. Raises ``OSError`` where the folder cannot be written.
    """
    model = copy_model("company", folder)
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
    return DemoCompany(folder, YEAR.first, YEAR.last, model, deliveries)
