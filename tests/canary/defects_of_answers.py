"""Defects in what other programs are told: pages of long lists, and the forest of products."""

from planting import Defect

HIERARCHY = "tests/report/test_report_hierarchy.py"
PAGES = "tests/report/test_pages.py"

DEFECTS = (
    Defect(
        "a page begins with the last row of the page before",
        "report/paging.py",
        "beyond = columns[-1] > constants[-1]",
        "beyond = columns[-1] >= constants[-1]",
        (f"{PAGES}::test_the_pages_together_are_the_whole",),
    ),
    Defect(
        "a page that looks further ahead passes over a day",
        "report/paging.py",
        "first, stretch = last + timedelta(days=1), stretch * 2",
        "first, stretch = last + timedelta(days=2), stretch * 2",
        (f"{PAGES}::test_days_without_rows_are_passed_over",),
    ),
    Defect(
        "a long list that is handed on in parts passes over a day",
        "report/paging.py",
        "start, stretch = last + timedelta(days=1), stretch * 2",
        "start, stretch = last + timedelta(days=2), stretch * 2",
        (f"{PAGES}::test_days_without_rows_are_passed_over_in_parts",),
    ),
    Defect(
        "what a partial cost centre keeps counts, whatever the settings say",
        "report/hierarchy.py",
        "if node in products and (residual_counts or not giving):",
        "if node in products:",
        (f"{HIERARCHY}::test_the_residual_is_unallocated_where_the_settings_say_so",),
    ),
)
