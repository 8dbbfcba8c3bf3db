"""`python3 -m tests`: everything that must hold before a change lands, from nothing but Python.

Makes the checkout's virtualenv when needed and hands all arguments to pytest.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit("tutor needs Python 3.11 or newer; this is " + sys.version.split()[0])

from tutor import checkout


def main() -> int:
    """Prepare, then run pytest in the checkout's virtualenv."""
    try:
        checkout.prepare("dev")
    except checkout.NotInstalled as error:
        print(error, file=sys.stderr)
        return 4
    except KeyboardInterrupt:
        print("Interrupted; run the same command again to go on.", file=sys.stderr)
        return 130
    return checkout.run(["-m", "pytest", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
