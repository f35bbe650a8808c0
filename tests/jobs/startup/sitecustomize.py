"""What a child process meets at its start in tests: something happens at a step of a write.

``AT_STEP`` names the step, ``HAPPENS`` what: ``kill``, or ``hold``, which leaves the file
``reached`` in the folder ``HELD_IN`` and waits there for the file ``go``.
"""

import importlib.util
import os
import signal
import sys
import time
from functools import partial
from pathlib import Path

LONGEST = 1800.0
"""Nobody is held for ever by a test that failed."""


def on_step(step):
    """Let happen what is to happen."""
    if step != os.environ["AT_STEP"]:
        return
    if os.environ["HAPPENS"] == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    place = Path(os.environ["HELD_IN"])
    (place / "reached").write_text(str(os.getpid()))
    deadline = time.monotonic() + LONGEST
    while not (place / "go").exists() and time.monotonic() < deadline:
        time.sleep(0.01)


class Watching:
    """Finds the workspace's module as everybody does, and tells its class of the steps."""

    def find_spec(self, name, path=None, target=None):
        """Watch one module alone."""
        if name != "apportion.workspace":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        execute = spec.loader.exec_module

        def watched(module):
            execute(module)
            module.Workspace = partial(module.Workspace, on_step=on_step)

        spec.loader.exec_module = watched
        return spec


if "AT_STEP" in os.environ and "apportion.jobs.child" in sys.orig_argv:
    sys.meta_path.insert(0, Watching())
