"""Examples, made from a seed: what they are made from, and the files that a user would get.

``company`` is Fernway, which sells tickets: bills and usage, and what its products cost.
Each folder's ``workspace`` holds a model as people would write it, ``data`` what its bills and
usage are made from. ``write_company`` puts both on disk: a workspace with an inbox of files to
ingest. Nothing about it is real, and everything is shaped as in real life: shared services, a
reorganisation in mid-year, credits, an outage, resources that nobody tagged.
"""

from apportion.demo.company.write import write_company
from apportion.demo.delivery import Delivery, DemoCompany, model_of

__all__ = ["Delivery", "DemoCompany", "model_of", "write_company"]
