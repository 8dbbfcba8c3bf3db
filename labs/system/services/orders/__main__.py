"""`python -m orders` runs the service.  Refuses arguments: everything comes from the environment."""

from __future__ import annotations

from chassis.service import run
from orders.app import build

if __name__ == "__main__":
    run(build)
