"""The keys of a lab, as data. Refuses plain letters where something is typed."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from tutor.tui.keys import BACK_ID

LAB: list[BindingType] = [
    Binding("s", "start", "Start", id="lab.start", tooltip="Start the system, or find it again"),
    Binding("t", "sure('take_over')", "Take over", id="lab.take-over",
            tooltip="Start it in place of the lab that runs, on the system of that one (asks first)"),
    Binding("x", "cancel", "Cancel", id="lab.cancel", tooltip="Cancel what is at work; it undoes what is half done"),
    Binding("c", "check", "Check", id="lab.check", tooltip="Look whether the current step is done"),
    Binding("a", "apply", "Apply", id="lab.apply", tooltip="Show the system what you edited"),
    Binding("h", "hint", "Hint", id="lab.hint", tooltip="The next hint: from a nudge to nearly the solution"),
    Binding("f", "find", "Tell", id="lab.find", tooltip="Tell what you found out, where a check asks for it"),
    Binding("w", "watch", "Watch", id="lab.watch", tooltip="Apply and check on every change; again to end that"),
    Binding("e", "places", "Where", id="lab.places", tooltip="Where everything is: files, addresses, logins"),
    Binding("d", "debrief", "Debrief", id="lab.debrief", tooltip="What to take along from this lab"),
    Binding("i", "incident", "Incident", id="lab.incident", tooltip="Show or fold the incident"),
    Binding("o", "sure('solution')", "Solution", id="lab.solution", tooltip="The solution of the step (asks first)"),
    Binding("p", "sure('skip')", "Skip", id="lab.skip", tooltip="Have the step done for you (asks first)"),
    Binding("R", "sure('reset')", "Reset", id="lab.reset", tooltip="Bring back the start, files and data (asks first)"),
    Binding("S", "sure('stop')", "Stop", id="lab.stop", tooltip="Stop the system and remove it (asks first)"),
    Binding("1", "tab(0)", "Panes", show=False, key_display="1-8", id="lab.tab-1",
            tooltip="Task, checks, map, logs, traces, queues, requests, news"),
    *(Binding(str(key), f"tab({key - 1})", show=False, id=f"lab.tab-{key}") for key in range(2, 9)),
    Binding("escape", "back", "Back", id=BACK_ID,
            tooltip="Leave the screen; the lab goes on running, and what is at work goes on"),
]  # fmt: skip
LOGS: list[BindingType] = [
    Binding("slash", "words", "Filter", id="lab.logs.words",
            tooltip="Only lines with a correlation id, a trace id, or a word"),
    Binding("n", "turn(1)", "Next part", id="lab.logs.next", tooltip="The next: all services, all parts, each part"),
    Binding("b", "turn(-1)", "Before", id="lab.logs.before", tooltip="Only the part before"),
    Binding("space", "follow", "Follow", id="lab.logs.follow", tooltip="Hold the lines still, or follow them again"),
]  # fmt: skip
TRACES: list[BindingType] = [
    Binding("enter", "open", "Waterfall", id="lab.traces.open", tooltip="Every span of the trace pointed at"),
    Binding("g", "all", "All", id="lab.traces.all", tooltip="Traces of requests alone, or of everything"),
    Binding("l", "logs", "Its logs", id="lab.traces.logs", tooltip="The log lines of that trace"),
    Binding("escape", "close", "List", id="lab.traces.close", tooltip="From the waterfall back to the list"),
]
CONSOLE: list[BindingType] = [
    Binding("enter", "take", "Take up", id="lab.console.take", tooltip="Take an earlier request up again"),
    Binding("ctrl+o,f2", "who", "As whom", id="lab.console.who", tooltip="As whom the request is sent"),
    Binding("ctrl+t", "trace", "Trace", id="lab.console.trace", tooltip="The trace of the request pointed at"),
    Binding("ctrl+l", "logs", "Logs", id="lab.console.logs", tooltip="The log lines of the request pointed at"),
    Binding("escape", "leave", "To list", id="lab.console.leave", tooltip="From the form to the requests sent so far"),
]
