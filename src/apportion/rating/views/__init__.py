"""The questions about rated rows, one file a question (`B11`-`B14`).

Each takes a DuckDB connection with the view ``charges`` (the columns of ``charges.RATED``) and
gives an Arrow table: units are whole numbers, rates and costs decimals with nine places, exact.
All of them are sums of the same rows, so they agree to the unit and to the last digit (`B15`).
"""

from apportion.rating.views.accounts import accounts
from apportion.rating.views.asking import CHARGES
from apportion.rating.views.charged import charges
from apportion.rating.views.daily import daily
from apportion.rating.views.monthly import all_monthly, monthly
from apportion.rating.views.organisation import organisation
from apportion.rating.views.providers import providers
from apportion.rating.views.yearly import yearly

__all__ = [
    "CHARGES",
    "accounts",
    "all_monthly",
    "charges",
    "daily",
    "monthly",
    "organisation",
    "providers",
    "yearly",
]
