"""`python -m hipdrive` is the command `hipdrive`."""

import sys


def main() -> None:
    """The command; Ctrl-C ends it without a traceback even while its modules are being loaded."""
    try:
        from hipdrive.cli import main as command

        command()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
