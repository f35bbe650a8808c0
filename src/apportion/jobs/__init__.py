"""What outlives a request: work in child processes, runs on their way, keys of requests.

- ``processes`` starts children and tells their deaths as findings; ``child`` is what they run,
  with the works ``ingesting``, ``rating`` and ``running``; ``outcomes`` is what they say.
- ``table`` holds which runs are queued, running or ended, for every process that asks; ``runs``
  begins them and answers for them.
- ``uploads`` are private folders that go with whoever made them.
- ``keys`` lets a request that is repeated be answered as it was the first time.
- ``claims`` are locks that the system lets go when their holder dies.
"""
