"""Examples, made from a seed: what they are made from, and the files that a user would get.

- ``company`` is Fernway, which sells tickets: bills and usage, and what its products cost.
- ``notifications`` is Heliograph, which sends messages: what its accounts owe beside what its
  products cost.

Each folder's ``workspace`` holds a model as people would write it, ``data`` what its bills and
usage are made from. ``write_company`` and ``write_notifications`` put both on disk: a workspace
with an inbox of files to ingest. Nothing about them is real, and everything is shaped as in real
life: shared services, a reorganisation in mid-year, credits, an outage, resources that nobody
tagged, accounts that come and go.
"""

from apportion.demo.company.write import write_company
from apportion.demo.delivery import Delivery, DemoCompany, model_of
from apportion.demo.notifications.write import write_notifications

__all__ = ["Delivery", "DemoCompany", "model_of", "write_company", "write_notifications"]
