"""Every kind of check there is, as one union. Refuses to do anything but name them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tutor.labs.check import Check
from tutor.labs.checks.amqp import AmqpCheck
from tutor.labs.checks.consul import ConsulCheck
from tutor.labs.checks.container import ContainerCheck
from tutor.labs.checks.file import FileCheck
from tutor.labs.checks.http import HttpCheck
from tutor.labs.checks.input import InputCheck
from tutor.labs.checks.load import LoadCheck
from tutor.labs.checks.logs import LogsCheck
from tutor.labs.checks.promql import PromqlCheck
from tutor.labs.checks.queue import QueueCheck
from tutor.labs.checks.redis import RedisCheck
from tutor.labs.checks.script import ScriptCheck
from tutor.labs.checks.sql import SqlCheck
from tutor.labs.checks.trace import TraceCheck

AnyCheck = Annotated[
    HttpCheck
    | SqlCheck
    | RedisCheck
    | QueueCheck
    | AmqpCheck
    | ConsulCheck
    | PromqlCheck
    | TraceCheck
    | LogsCheck
    | ContainerCheck
    | LoadCheck
    | FileCheck
    | InputCheck
    | ScriptCheck,
    Field(discriminator="kind"),
]

KINDS: tuple[type[Check], ...] = (
    HttpCheck,
    SqlCheck,
    RedisCheck,
    QueueCheck,
    AmqpCheck,
    ConsulCheck,
    PromqlCheck,
    TraceCheck,
    LogsCheck,
    ContainerCheck,
    LoadCheck,
    FileCheck,
    InputCheck,
    ScriptCheck,
)
"""In the order of the documentation."""
