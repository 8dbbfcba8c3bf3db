"""The other end of the leash: a process that outlives its parent by a moment. Refuses to act while the parent lives.

Reads standard input until it ends. A byte before the end says that the parent stopped its children in order;
silence says that it died, and then the children get a moment to finish. Kept to the standard library without
`site`, so that it starts in a few milliseconds and costs little memory.
"""

import os
import shutil
import signal
import sys
import time

GRACE = 3.0


def main() -> None:
    """Wait for the parent to go, then end this process group, and this process with it."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    in_order = os.read(0, 1)
    if not in_order:
        os.read(0, 1)
        # PostgreSQL waits for its clients on SIGTERM and drops them on SIGINT; a paused child hears neither
        for number in (signal.SIGCONT, signal.SIGTERM, signal.SIGINT):
            os.killpg(0, number)
        time.sleep(GRACE)
    shutil.rmtree(sys.argv[1], ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
