"""`python -m hipdrive` is the command `hipdrive`."""

from hipdrive.cli import main

if __name__ == "__main__":
    main()
