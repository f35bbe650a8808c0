"""Formats that do to the process that reads what no format should."""

import ctypes
import os
import time

from apportion.findings import Finding, IngestError
from apportion.ingest.incoming import Format, Kind


def abort(files, context):
    """End as a native library does that finds itself broken."""
    os.abort()


def damage(files, context):
    """Read where there is no memory."""
    ctypes.string_at(0)


def hang(files, context):
    """Never come to an end."""
    while True:
        time.sleep(1)


def be_greedy(files, context):
    """Take all the memory there is."""
    held = []
    while True:
        held.append(bytearray(2**28))


def be_greedy_inside(files, context):
    """Take all the memory there is where Python cannot say so."""
    os.write(2, b"terminate called after throwing an instance of 'std::bad_alloc'\n")
    os.abort()


def be_mistaken(files, context):
    """Have a fault."""
    raise RuntimeError(f"a fault while reading {files[0].resolve()}")


def talk(files, context):
    """Write to where answers go, as C libraries do."""
    os.write(1, b'{"done": {}, "error": "", "findings": []}\n')
    raise IngestError([Finding("unreadable_file", f"{files[0].resolve()} is not nice.")])


ABORTING = Format("aborting", Kind.COSTS, "", abort)
DAMAGING = Format("damaging", Kind.COSTS, "", damage)
HANGING = Format("hanging", Kind.COSTS, "", hang)
GREEDY = Format("greedy", Kind.COSTS, "", be_greedy)
GREEDY_INSIDE = Format("greedy_inside", Kind.COSTS, "", be_greedy_inside)
MISTAKEN = Format("mistaken", Kind.COSTS, "", be_mistaken)
TALKATIVE = Format("talkative", Kind.COSTS, "", talk)
