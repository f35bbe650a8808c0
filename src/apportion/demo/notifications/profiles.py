"""The two financial years of the platform, and the profiles by which its traffic varies."""

from datetime import date

from apportion.demo.days import Profile, Span

YEARS = Span(date(2023, 4, 1), date(2025, 3, 31))

_EVEN = (100,) * 12
_HOLIDAYS = tuple(
    (day, 24)
    for day in (
        "2023-04-07", "2023-04-10", "2023-05-01", "2023-05-08", "2023-05-29", "2023-08-28",
        "2023-12-25", "2023-12-26", "2024-01-01", "2024-03-29", "2024-04-01", "2024-05-06",
        "2024-05-27", "2024-08-26", "2024-12-25", "2024-12-26", "2025-01-01",
    )
)  # fmt: skip
_JANUARY = (("27", 120), ("28", 130), ("29", 175), ("30", 230), ("31", 310))
# Returns and payments are due on 31 January, second payments on 31 July.
_TAX_DAYS = (
    *((f"{year}-01-{day}", percent) for year in (2024, 2025) for day, percent in _JANUARY),
    ("2023-07-31", 190),
    ("2024-07-31", 205),
)
_STORMS = (
    ("2023-10-20", 1900),
    ("2023-10-21", 1400),
    ("2023-11-02", 1250),
    ("2024-01-02", 2100),
    ("2024-01-03", 1500),
    ("2024-01-22", 1150),
    ("2024-11-24", 2300),
    ("2024-11-25", 1700),
    ("2024-12-07", 1350),
    ("2025-01-24", 1600),
)

PROFILES: dict[str, Profile] = {
    "level": Profile((100,) * 7, _EVEN, chance=60),
    "steady": Profile((104, 105, 105, 104, 102, 91, 89), _EVEN, chance=250),
    # Machines follow demand at a part of its swing, because some of them always run.
    "elastic": Profile(
        (107, 108, 107, 106, 103, 85, 84),
        (112, 98, 99, 100, 97, 96, 99, 95, 101, 105, 101, 97),
        chance=150,
    ),
    "office": Profile(
        (127, 130, 129, 126, 108, 43, 37),
        (106, 104, 103, 98, 99, 100, 96, 90, 103, 106, 107, 88),
        _HOLIDAYS,
    ),
    "clinic": Profile(
        (134, 128, 126, 123, 105, 50, 34),
        (106, 103, 102, 98, 99, 98, 96, 93, 101, 105, 106, 93),
        _HOLIDAYS,
    ),
    "weekend": Profile((84, 78, 82, 104, 131, 118, 103), _EVEN),
    "tax": Profile(
        (119, 116, 113, 110, 104, 72, 66),
        (228, 74, 78, 112, 84, 82, 132, 74, 72, 92, 78, 94),
        _TAX_DAYS,
    ),
    "turn-of-month": Profile(
        (104, 104, 104, 104, 104, 91, 89),
        _EVEN,
        tuple((f"{month:%Y-%m}-01", 260) for month in YEARS.months()),
    ),
    "travel": Profile(
        (122, 121, 120, 117, 112, 61, 47),
        (122, 127, 129, 119, 116, 109, 94, 79, 76, 75, 79, 75),
        _HOLIDAYS,
    ),
    "vaccination": Profile(
        (118, 116, 114, 112, 106, 79, 55),
        (72, 56, 62, 104, 92, 54, 46, 62, 196, 236, 148, 72),
        _HOLIDAYS,
    ),
    "bulletin": Profile((62, 71, 128, 214, 141, 44, 40), _EVEN),
    "storms": Profile(
        (100,) * 7, (148, 140, 105, 78, 62, 55, 58, 66, 84, 126, 138, 140), _STORMS, chance=2_500
    ),
    "summer": Profile(
        (98, 96, 97, 99, 104, 105, 101),
        (24, 30, 62, 104, 158, 186, 196, 188, 126, 62, 38, 26),
    ),
    "farming": Profile(
        (121, 124, 122, 119, 108, 58, 48),
        (70, 96, 168, 262, 248, 64, 44, 40, 48, 52, 52, 56),
        _HOLIDAYS,
    ),
    "council": Profile((112, 114, 113, 112, 106, 78, 65), _EVEN, _HOLIDAYS, chance=900),
    # Bills for the year go out in March, most of the year's reminders in spring.
    "council-tax": Profile(
        (112, 114, 113, 112, 106, 78, 65),
        (70, 76, 236, 268, 132, 74, 62, 58, 62, 58, 52, 52),
        _HOLIDAYS,
    ),
    "school": Profile(
        (119, 121, 120, 118, 112, 62, 48),
        (84, 86, 196, 152, 78, 66, 52, 112, 184, 84, 58, 48),
        _HOLIDAYS,
    ),
    "elections": Profile(
        (100,) * 7,
        (52, 54, 124, 326, 264, 72, 48, 42, 54, 58, 56, 50),
        (("2023-05-03", 900), ("2023-05-04", 1300), ("2024-05-01", 900), ("2024-05-02", 1300)),
    ),
}
"""Every profile by the name that the figures use."""
