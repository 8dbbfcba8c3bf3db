"""`python3 -m bench`: how fast `tutor` is, as ratios of paired runs on this machine. Refuses to fail on a slow one."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from textwrap import dedent

from bench.grading import ROUNDS, screen_percentiles, verbs_percentiles
from bench.packs import generate
from bench.pairs import Pair, alternate
from bench.processes import ROOT, environment, peak_mebibytes, to_the_end, to_words

TUTOR = [sys.executable, "-c", "from tutor.cli.main import run; run()"]
QUIZ = [*TUTOR, "quiz", "--plain"]
QUESTIONS = 10_000
TIMES = 15
FRAME_MILLISECONDS = 1000 / 60


def main() -> None:
    """Measure everything and print the table."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else TIMES
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        print("| what | ours | compared with | ratio | aim | runs |")
        print("|---|---|---|---|---|---|")
        for pair in (_help(home, times), _home(home, times), _first_prompt(home, times)):
            print(pair.row(), flush=True)
        _grading_row("our own code, on disk", *verbs_percentiles(home))
        _grading_row("with Textual's layout", *screen_percentiles(home))
        env = environment(home / "memory")
        for warm in (env, {**env, "TUTOR_CONTENT": str(home / "generated")}):
            to_the_end(QUIZ, warm)  # compile first: that happens once
        small = peak_mebibytes(QUIZ, env)
        large = peak_mebibytes(QUIZ, {**env, "TUTOR_CONTENT": str(home / "generated")})
        print(f"| peak memory of `tutor quiz --plain`, {QUESTIONS:,} questions against this content ", end="")
        print(f"| {large:.0f} MiB | {small:.0f} MiB | {large / small:.2f}x | - | 1 |")


def _grading_row(what: str, p50: float, p99: float) -> None:
    print(f"| rating given to next question, {what}: p50 {p50:.1f} ms, p99 | {p99:.1f} ms ", end="")
    print(f"| one 60 Hz frame, {FRAME_MILLISECONDS:.1f} ms | {p99 / FRAME_MILLISECONDS:.2f}x | 1.00x | {ROUNDS} |")


def _help(home: Path, times: int) -> Pair:
    """`tutor --help` against a bare Typer app with as many commands."""
    from tutor.cli.tree import COMMANDS

    bare = home / "bare.py"
    commands = "\n".join(
        f'@app.command("{name}")\ndef command_{number}(value: str = "") -> None:\n    """Do {name}."""\n'
        for number, name in enumerate(COMMANDS)
    )
    bare.write_text(f"import typer\napp = typer.Typer()\n{commands}\napp()\n")
    env = environment(home / "help")
    return alternate(
        "`tutor --help`, against a bare Typer app with as many commands",
        lambda: to_the_end([*TUTOR, "--help"], env),
        lambda: to_the_end([sys.executable, str(bare), "--help"], env),
        times,
        aim=1.15,
    )


def _home(home: Path, times: int) -> Pair:
    """The first painted Home against a minimal Textual app that shows one Markdown widget."""
    minimal = home / "minimal.py"
    minimal.write_text(
        dedent("""\
            from textual.app import App, ComposeResult
            from textual.widgets import Markdown

            class Minimal(App[None]):
                def compose(self) -> ComposeResult:
                    yield Markdown("# Painted\\n\\nOne paragraph of text.")

            Minimal().run()
        """)
    )
    env = environment(home / "app")
    return alternate(
        "first painted Home, against a minimal Textual app with one Markdown widget",
        lambda: to_words(TUTOR, "Week 7", env, ROOT),
        lambda: to_words([sys.executable, str(minimal)], "Painted", env, ROOT),
        times,
        aim=1.5,
    )


def _first_prompt(home: Path, times: int) -> Pair:
    """The first prompt of a plain quiz with a generated pack of 10,000 questions against this content."""
    generate(home / "generated", QUESTIONS)
    env = environment(home / "quiz")
    large = {**env, "TUTOR_CONTENT": str(home / "generated")}
    cold = to_the_end(QUIZ, large)
    print(f"(compiling {QUESTIONS:,} questions, once: {cold:.1f} s)", file=sys.stderr)
    return alternate(
        f"`tutor quiz --plain` to its first prompt, {QUESTIONS:,} questions against this content",
        lambda: to_words([*QUIZ, "--fresh"], "> ", large, ROOT),
        lambda: to_words([*QUIZ, "--fresh"], "> ", env, ROOT),
        times,
        aim=2.0,
    )


if __name__ == "__main__":
    main()
