"""An example company, made from a seed: Fernway, which sells rail, coach and ferry tickets online.

``workspace`` holds its model as people would write it, ``data`` what its bills and usage are
made from. ``write_company`` puts both on disk: a workspace with an inbox of files to ingest.
Nothing about it is real, and everything is shaped as in a real company: shared services, a
reorganisation in mid-year, credits, an outage, resources that nobody tagged.
"""

from apportion.demo.company import Delivery, DemoCompany, write_company

__all__ = ["Delivery", "DemoCompany", "write_company"]
