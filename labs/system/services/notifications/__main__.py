"""`python -m notifications` runs the service. Refuses arguments: everything comes from the environment."""

from chassis.service import run
from notifications.app import build

if __name__ == "__main__":
    run(build)
