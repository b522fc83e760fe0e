"""What the command line of bench/run says, and what every scenario is handed."""

import dataclasses

from .checker import Checker
from .contenders import Highwater


@dataclasses.dataclass
class Settings:
    checker: Checker
    highwater: Highwater | None  # None: only the peers
    baseline: Highwater | None   # another binary to measure beside it, if any
    results: str                 # the folder for the raw figures
    full: bool                   # figures to publish rather than a first look
    seconds: float               # of one run
    rounds: int                  # of interleaved comparisons
    keep: bool                   # the demo waits for Ctrl-C at its end

    def say(self, text):
        print(text, flush=True)
