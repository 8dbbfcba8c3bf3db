"""`python -m users` runs the service. Refuses arguments: everything comes from the environment."""

from chassis.service import run
from users.app import build

if __name__ == "__main__":
    run(build)
