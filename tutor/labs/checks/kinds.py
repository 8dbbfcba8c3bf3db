"""Every kind of check there is, as one union. Refuses to do anything but name them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tutor.labs.checks.file import FileCheck
from tutor.labs.checks.http import HttpCheck

AnyCheck = Annotated[FileCheck | HttpCheck, Field(discriminator="kind")]
