"""What can be done with a lab as it stands, what is asked before, how what is at work is said. Refuses to do it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from tutor.tui.widgets.marks import EMPTY, FULL

if TYPE_CHECKING:
    from tutor.tui.lab_bench import Bench, Job

BAR = 12
RUNNING = ("check", "apply", "hint", "watch", "solution", "skip", "reset", "find", "places")
"""What can only be done while the lab runs."""

KNOWN = ("debrief", "incident")
"""What can be done with any lab once it is read."""

SURE = {
    "take_over": ("Stop the lab that runs?", "This one takes its system over, emptied, and starts sooner. Files stay."),
    "stop": ("Stop the lab?", "Everything that runs is removed, its data with it. Your files stay."),
    "solution": ("Show the solution?", "It is noted beside your evidence."),
    "skip": ("Have the step done for you?", "It is noted beside your evidence."),
    "reset": ("Bring back the start?", "A copy of your files is kept aside; the system's data is made anew."),
}
"""What is asked before these verbs."""


def offered(action: str, bench: Bench | None, asks: bool) -> bool:
    """Whether an action of the screen does something now; `asks` says that a check of the step asks for a finding."""
    if action not in (*RUNNING, *KNOWN, "start", "take_over", "stop", "cancel"):
        return True
    if bench is None or bench.status is None:
        return False
    state, idle = bench.status.state, bench.job is None
    now = {
        "cancel": bench.job is not None and not bench.job.ending,
        "start": idle and state in ("absent", "starting", "lost"),
        "take_over": idle and len(bench.status.others) == 1,
        "stop": idle and state != "absent",
        "find": state == "running" and asks,
    }
    return now.get(action, action in KNOWN or state == "running")


def at_work(job: Job) -> Content:
    """What is at work, how far it is, and how it is ended."""
    how = "ending..." if job.ending else "w ends it" if job.verb == "watch" else "x cancels"
    full = round(BAR * job.share) if job.share is not None else 0
    bar = f"  {FULL * full}{EMPTY * (BAR - full)}" if job.share is not None else ""
    return Content.assemble(f"◐ {job.verb}{bar}  ", (f"({how})  ", "not bold"), (job.last, "not bold $foreground"))
