"""`python -m observer`. Refuses everything but starting the process."""

from chassis.service import run
from observer.app import service

run(service)
