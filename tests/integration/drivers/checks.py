"""What the Python scripts share: steps with names, and comparisons that say what they saw."""

import sys
import threading

TEXT = "Grüße, 世界, 🐘, it's \\ \"quoted\""
BYTES = bytes(range(256)) * 40
WORKERS = 6


def equal(got, wanted, what):
    if got != wanted:
        sys.exit(f"{what}: got {got!r}, wanted {wanted!r}")


def raises(kind, what, action):
    """Runs action, which must raise an error of that kind, and returns the error."""
    try:
        action()
    except kind as error:
        return error
    sys.exit(f"{what}: no error, wanted {kind.__name__}")


def in_threads(action):
    """Runs action(number) in several threads at once; the first error of any of them is raised."""
    errors = []

    def guarded(number):
        try:
            action(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def steps(module, *arguments):
    """Calls every step_* of a script's globals in the order in which they are written."""
    for name, step in list(module.items()):
        if name.startswith("step_"):
            print(name, flush=True)
            step(*arguments)
