"""`python -m payments` runs the service. Refuses arguments: everything comes from the environment."""

from chassis.service import run
from payments.app import build

if __name__ == "__main__":
    run(build)
