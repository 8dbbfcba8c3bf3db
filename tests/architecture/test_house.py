"""The rules that a linter does not know: sizes, words, docstrings, purity, and what is loaded when."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = sorted((ROOT / "tutor").rglob("*.py"))
SYSTEM = sorted(path for part in ("services", "processes") for path in (ROOT / "labs/system" / part).rglob("*.py"))
CODE = [*PACKAGE, *SYSTEM]
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 39
FORBIDDEN_WORDS = re.compile(r"(?i)(^|_)(cards?|decks?|exercises?|managers?|helpers?|utils?)(_|$)")
HEAVY = {"textual", "docker", "httpx", "jinja2", "fsrs", "pydantic", "yaml", "sqlite3", "rapidfuzz", "termaid", "ulid"}
HEAVY |= {"aio_pika", "asyncpg", "redis"}
PURE = ("study", "interview", "schedule", "content/models")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _functions(path: Path) -> Iterator[Function]:
    return (node for node in ast.walk(_tree(path)) if isinstance(node, Function))


def test_files_stay_small() -> None:
    """No file of the tutor or of the reference system is longer than 300 lines."""
    long = [_name(path) for path in CODE if len(path.read_text(encoding="utf-8").splitlines()) > MAX_FILE_LINES]
    assert long == []


def test_functions_stay_short() -> None:
    """No function of them reaches 40 lines."""
    long = [
        f"{_name(path)}:{node.name}"
        for path in CODE
        for node in _functions(path)
        if (node.end_lineno or 0) - node.lineno + 1 > MAX_FUNCTION_LINES
    ]
    assert long == []


def test_modules_say_what_they_are_and_what_they_refuse() -> None:
    """Each module opens with a docstring; each module with code says what it refuses."""
    silent = []
    for path in CODE:
        docstring = ast.get_docstring(_tree(path)) or ""
        if not docstring or (path.name != "__init__.py" and "refuse" not in docstring.casefold()):
            silent.append(_name(path))
    assert silent == []


def test_tests_state_behavior() -> None:
    """Each test says in a docstring what must be true."""
    silent = [
        f"{_name(path)}:{node.name}"
        for path in TESTS
        for node in _functions(path)
        if node.name.startswith("test_") and not ast.get_docstring(node)
    ]
    assert silent == []


def test_every_folder_is_a_package() -> None:
    """A folder with Python files has an `__init__.py`, so that import rules see it."""
    folders = {path.parent for path in [*CODE, *TESTS]}
    assert [_name(folder) for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []


def test_names_use_the_words_of_the_design() -> None:
    """No module, class, function or parameter is named after a word that the design rules out."""
    found = []
    for path in CODE:
        names = [path.stem]
        for node in ast.walk(_tree(path)):
            if isinstance(node, Function | ast.ClassDef):
                names.append(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", node.name))
            elif isinstance(node, ast.arg):
                names.append(node.arg)
        own_door = path.name == "scheduler.py"  # py-fsrs calls its own type a card
        found += [f"{_name(path)}:{name}" for name in names if FORBIDDEN_WORDS.search(name) and not own_door]
    assert found == []


def test_only_faces_read_the_clock() -> None:
    """Time is passed in: nothing but `cli`, `tui`, the engines of labs (which wait for machines) and benches asks."""
    asking = re.compile(r"\b(datetime|date)\.(now|utcnow|today)\(|\btime\.(time|monotonic|perf_counter)\(")
    waiting = ("cli/", "tui/", "labs/engine/")
    inner = [path for path in PACKAGE if not path.relative_to(ROOT / "tutor").as_posix().startswith(waiting)]
    assert [_name(path) for path in inner if asking.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("part", PURE)
def test_deciding_opens_nothing(part: str) -> None:
    """Pure parts never call `open` or `print`, and import nothing that could reach outside."""
    found = [
        f"{_name(path)}:{node.lineno}"
        for path in sorted((ROOT / "tutor" / part).rglob("*.py"))
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("open", "print", "input")
    ]
    assert found == []


def test_no_exception_is_swallowed_whole() -> None:
    """A handler of `Exception` or `BaseException` raises again."""
    broad = []
    for path in PACKAGE:
        for node in ast.walk(_tree(path)):
            if not isinstance(node, ast.ExceptHandler):
                continue
            names = {name.id for name in ast.walk(node.type) if isinstance(name, ast.Name)} if node.type else {""}
            raises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
            if names & {"", "Exception", "BaseException"} and not raises:
                broad.append(f"{_name(path)}:{node.lineno}")
    assert broad == []


def test_no_test_is_skipped() -> None:
    """Nothing is skipped or expected to fail: a test runs, or it is deleted."""
    skipping = re.compile(r"pytest\.(mark\.)?(skip|xfail|importorskip)|unittest\.skip")
    found = [_name(path) for path in TESTS if path != Path(__file__) and skipping.search(path.read_text("utf-8"))]
    assert found == []


def _loaded(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(' '.join({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.splitlines()[-1].split())


def test_the_command_line_starts_light() -> None:
    """`import tutor.cli.main` loads none of the heavy packages."""
    assert _loaded("import tutor.cli.main") & HEAVY == set()


def test_help_starts_light() -> None:
    """`tutor --help` loads none of the heavy packages either."""
    code = "import tutor.cli.main as m\nsys.argv = ['tutor', '--help']\ntry:\n    m.run()\nexcept SystemExit:\n    pass"
    assert _loaded(code) & HEAVY == set()


def test_the_app_opens_without_what_labs_need() -> None:
    """Home, and the list of labs before it is read, load neither the engine's SDK nor any client of a lab."""
    code = "import tutor.bootstrap, tutor.tui.app, tutor.tui.screens.home, tutor.tui.screens.labs"
    assert _loaded(code) & {"docker", "httpx", "aio_pika", "asyncpg", "redis", "yaml"} == set()


def test_listing_a_compiled_pack_needs_no_models(tmp_path: Path) -> None:
    """Opening the library of a compiled pack loads neither YAML nor pydantic: Home needs the index alone."""
    code = (
        "from pathlib import Path\nfrom tutor.content.library import Library\nfrom tutor import paths\n"
        f"library = Library(paths.pack_dir(None), Path({str(tmp_path)!r}))\nassert library.index.entries"
    )
    _loaded(code)
    assert _loaded(code) & {"yaml", "pydantic", "textual"} == set()
