"""What was asked and what came. Everything that is asked has a tag that nobody else uses, and the answer must be the
expected items, in their order, each once."""

import collections

from wire import Lost, Refused

# What a reload may have set limits for; it may come instead of the rest of an answer, never instead of a wrong one.
LIMITS = {
    ("57014", "statement timeout"), ("57P03", "no connection to node"), ("25P03", ""), ("25P04", ""), ("57P05", ""), ("53300", ""),
}


class Mismatch(Exception):
    """An answer that is not to what was asked: ends the run."""


class Excused(Exception):
    """A limit that a reload has set was in the way: the session ends, the run goes on."""


def is_limit(state, words):
    return any(state == known and part in words for known, part in LIMITS)


class Matcher:
    """Of one session; `count` is everybody's."""

    def __init__(self, connection, name, count=None):
        self.connection, self.name = connection, name
        self.count = collections.Counter() if count is None else count
        self._number = 0

    def tag(self):
        self._number += 1
        return f"@{self.name}s{self._number}"

    async def ask(self, data, *expected, pause=0):
        await self.connection.send(data)
        await self.expect(*expected, pause=pause)

    async def expect(self, *expected, pause=0):
        """`expected` is up to one ReadyForQuery, "Z" with its status, or to "G", where COPY begins."""
        due = iter(expected)
        try:
            async for item in self.connection.items(pause):
                self._compare(item, next(due, "nothing more"))
        except Refused as refused:
            self.excuse(*refused.args)
        if (missing := next(due, None)) is not None:
            raise Mismatch(f"{self.name}: the answer ended, but {missing!r} was due")
        self.count["answers"] += 1

    def _compare(self, item, due):
        if item == due:
            return
        if item[0] == "error" and is_limit(*item[1:]):
            self.excuse(*item[1:])
        raise Mismatch(f"{self.name}: {item!r} came where {due!r} was due")

    def excuse(self, state, words):
        if not is_limit(state, words):
            raise Mismatch(f"{self.name}: unexpected error {state} {words}")
        self.count[f"limited {state}"] += 1
        raise Excused

    def heard(self, channel, payload):
        if self.connection.notified != [[channel, payload]]:
            raise Mismatch(f"{self.name}: notifications {self.connection.notified} where {channel} {payload} was due")
        self.connection.notified.clear()


__all__ = ["Excused", "Lost", "Matcher", "Mismatch", "Refused"]
