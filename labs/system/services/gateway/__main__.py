"""`python -m gateway`. Refuses arguments: settings come from the environment."""

from chassis.service import run
from gateway.app import build

if __name__ == "__main__":
    run(build)
