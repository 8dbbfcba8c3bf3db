"""How a process of ours begins: imports first, undisturbed, then the life of the service.

Refuses to import anything of a service at its own top: what is imported there is imported with the collector running.
"""

from __future__ import annotations

import gc
from importlib import import_module


def launch(service: str) -> None:
    """Build what `module:function` names, serve it until SIGTERM or SIGINT, drain, and exit.

    Imports make some hundred thousand objects that live as long as the process. The collector would look through all of
    them several times, and find nothing: a sixth of the start. Afterwards they are set aside, so that no later
    collection has to look at them while a request waits.
    """
    gc.disable()
    module, _, function = service.partition(":")
    build = getattr(import_module(module), function)
    main = import_module("chassis.server").main
    gc.freeze()
    gc.enable()
    raise SystemExit(main(build))
