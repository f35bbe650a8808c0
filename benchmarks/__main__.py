"""Every benchmark, one after another, each in a process of its own."""

import subprocess
import sys

NAMES = ("kernel", "run", "large", "ingest", "rating", "events", "commands", "serve", "growth")


def main() -> None:
    """Run those named on the command line, or all."""
    failed = []
    for name in sys.argv[1:] or NAMES:
        print(f"\n{name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode:
            failed.append(name)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
