"""`python3 -m tutor`: in a fresh checkout it sets itself up first. Refuses third-party imports until that is done.

Everything but `sys` is imported inside the guard, so that Ctrl-C is a sentence from the first moment on.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit("tutor needs Python 3.11 or newer; this is " + sys.version.split()[0])


def main() -> int:
    """Run the command line, in the checkout's virtualenv when this Python lacks the packages."""
    try:
        return _main()
    except KeyboardInterrupt:
        if sys.stderr is not None:
            sys.stderr.write("Interrupted; run the same command again to go on.\n")
        return 130


def _main() -> int:
    from importlib.util import find_spec

    from tutor import checkout

    lacking = find_spec("typer") is None or find_spec("fsrs") is None
    if checkout.is_checkout() and (lacking or checkout.inside()):
        try:
            checkout.prepare()
        except checkout.NotInstalled as error:
            sys.stderr.write(f"{error}\n")
            return 4
        if lacking:
            return checkout.run(["-m", "tutor", *sys.argv[1:]])
    from tutor.cli.main import run

    run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
