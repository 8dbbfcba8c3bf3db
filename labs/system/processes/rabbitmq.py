"""An installed RabbitMQ as a plain process of this run, with its own node, data and port mapper.

Refuses to touch a RabbitMQ that runs on this machine already, and any address but the loopback one. The port mapper
(epmd) is started here and in the foreground: left to itself, Erlang starts one that stays behind for ever.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from functools import partial
from pathlib import Path
from urllib.parse import quote

from processes.child import Child, ChildFailed
from processes.leash import Leash
from processes.ports import accepts, free_ports

# The wrapper that distributions put on the PATH insists on root or on a user of its own: the script behind it does not.
SCRIPTS = ("/usr/lib/rabbitmq/bin", "/opt/homebrew/opt/rabbitmq/sbin", "/usr/local/opt/rabbitmq/sbin")

# Counts in the management API are this old at most (milliseconds): checks and people look at them.
FRESH = "collect_statistics_interval = 2000"


class RabbitMQ:
    """One broker node; with its management API on `management_port` when that is wanted, which costs a second.

    `vhost` is there from the start.
    """

    def __init__(self, leash: Leash, *, name: str = "rabbitmq", management: bool = False, vhost: str = "/") -> None:
        self.name = name
        self._script = _find_script()
        self.port, distribution, mapper, api = free_ports(4)
        self.management_port = api if management else None
        self._mapper_port = mapper
        self.password = secrets.token_urlsafe(16)
        data = leash.folder / "rabbitmq-data"
        data.mkdir(mode=0o700)
        self._configure(data, vhost)
        env = self._environment(data, mapper, distribution)
        self._env = env
        self._mapper = Child("epmd", [_find_mapper(), "-port", str(mapper)], leash=leash, env=env)
        self.child = Child(self.name, [str(self._script)], leash=leash, env=env)

    def _configure(self, data: Path, vhost: str) -> None:
        api = self.management_port
        lines = [
            f"listeners.tcp.default = 127.0.0.1:{self.port}",
            f"default_user = shop\ndefault_pass = {self.password}\ndefault_vhost = {vhost}",
            "log.console = true\nlog.console.level = warning\nlog.file = false",
        ]
        if api is not None:
            lines.append(f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {api}\n{FRESH}")
        (data / "rabbitmq.conf").write_text("\n".join(lines) + "\n")
        (data / "plugins").write_text("[].\n" if api is None else "[rabbitmq_management].\n")

    def _environment(self, data: Path, mapper: int, distribution: int) -> dict[str, str]:
        loopback = "-kernel inet_dist_use_interface {127,0,0,1}"
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": str(data),  # where Erlang keeps its cookie
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(mapper),
            "RABBITMQ_NODENAME": f"shop{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": loopback,
            "RABBITMQ_MNESIA_BASE": str(data / "mnesia"),
            "RABBITMQ_LOG_BASE": str(data / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(data / "pid"),
            "RABBITMQ_CONFIG_FILE": str(data / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(data / "none.config"),
            "RABBITMQ_CONF_ENV_FILE": str(data / "none.env"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(data / "plugins"),
            "RUNNING_UNDER_SYSTEMD": "yes",  # makes the script become the server, so that signals reach it
        }

    def start(self) -> None:
        """Start the port mapper and the node; wait until it accepts connections on each of its ports."""
        self.begin()
        for port in filter(None, (self.management_port, self.port)):
            self.child.wait_until(partial(accepts, port), timeout=60)

    def begin(self) -> None:
        """Start both without waiting for the node."""
        self._mapper.start()
        self._mapper.wait_until(lambda: accepts(self._mapper_port), timeout=30)
        self.child.start()

    def stop(self) -> None:
        """Stop both, the node first."""
        self.child.stop(30)
        self._mapper.stop()

    def add_vhost(self, name: str) -> str:
        """Make a virtual host with nothing in it; its URL. Raises: ChildFailed with the broker's words."""
        self._control("add_vhost", name)
        self._control("set_permissions", "-p", name, "shop", ".*", ".*", ".*")
        return self.url(name)

    def _control(self, *arguments: str) -> None:
        command = [str(self._script.with_name("rabbitmqctl")), "-n", self._env["RABBITMQ_NODENAME"], *arguments]
        done = subprocess.run(command, env=self._env, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise ChildFailed(f"rabbitmqctl {arguments[0]}: {done.stderr.strip()}")

    def url(self, vhost: str = "/") -> str:
        """The URL of one virtual host."""
        return f"amqp://shop:{self.password}@127.0.0.1:{self.port}/{quote(vhost, safe='')}"


def _find_script() -> Path:
    for folder in SCRIPTS:
        script = Path(folder) / "rabbitmq-server"
        if script.exists():
            return script.resolve()
    found = shutil.which("rabbitmq-server")
    if found is None:
        raise ChildFailed("no rabbitmq-server is installed here: install one, or leave --rabbitmq out")
    return Path(found).resolve()


def _find_mapper() -> str:
    found = shutil.which("epmd") or next((str(path) for path in Path("/usr/lib/erlang").glob("erts-*/bin/epmd")), None)
    if found is None:
        raise ChildFailed("RabbitMQ is installed, but Erlang's port mapper `epmd` is not found")
    return found
