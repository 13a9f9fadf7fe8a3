"""Makes .venv ready for `make run` or `make test`. Runs on the system's Python with the standard library alone; done before, it returns at once.

This file must parse on any Python 3, so that an old one is told what is missing; the work is in install.py, which may use the language fully.
"""

import os
import shutil
import sys

OLDEST = (3, 11)
CANDIDATES = ["python3." + str(minor) for minor in (13, 12, 11, 14)] + ["python3"]
IS_NEW_ENOUGH = "import sys; sys.exit(sys.version_info < (3, 11))"
PURPOSES = ("run", "test")


def newer_python() -> "str | None":
    """Return the path of a Python that is new enough, or None."""
    for name in CANDIDATES:
        path = shutil.which(name)
        if path and os.spawnl(os.P_WAIT, path, path, "-c", IS_NEW_ENOUGH) == 0:
            return path
    return None


def missing_parts() -> "list[str]":
    """Return what this Python lacks to make a virtual environment, each with its remedy."""
    package = "python{}.{}-venv".format(*sys.version_info[:2])
    remedy = f"on Debian or Ubuntu: apt-get install {package} (or python3-venv)"
    lines = []
    for module in ("venv", "ensurepip"):
        try:
            __import__(module)
        except ImportError:
            lines.append(f"{sys.executable} has no module {module}; {remedy}")
    return lines


def main() -> None:
    """Check the interpreter, move to a newer one if there is one, then install."""
    if len(sys.argv) != 2 or sys.argv[1] not in PURPOSES:
        sys.exit("usage: bootstrap.py " + "|".join(PURPOSES))
    if sys.version_info < OLDEST:
        found = newer_python()
        if not found:
            sys.exit(
                "Python 3.11 or newer is needed; {} is {}.{}.\nInstall one (on Debian 12 or Ubuntu 24.04: apt-get install python3 python3-venv)"
                " or name one: make PYTHON=/path/to/python3.11".format(sys.executable, *sys.version_info[:2])
            )
        os.execv(found, [found, *sys.argv])
    lacking = missing_parts()
    if lacking:
        sys.exit("\n".join(lacking))
    import install

    sys.exit(install.install(sys.argv[1]))


if __name__ == "__main__":
    main()
