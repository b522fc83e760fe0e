#!/usr/bin/python3
"""The soak sees what it is there to see: answers that are not to what was asked, and what has not been given back."""

import asyncio
import dataclasses
import os
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from figures import Figures, complaints, differences  # noqa: E402
from matching import Excused, Matcher, Mismatch  # noqa: E402
from wire import Refused  # noqa: E402

DUE = (("@a",), "SELECT 1", ("@b",), "SELECT 1", "ZI")
TIMED_OUT = ("error", "57014", "canceling statement due to statement timeout")


class Said:
    """A connection on which this is answered."""

    def __init__(self, *items):
        self._items, self.notified = items, []

    async def items(self, _):
        for item in self._items:
            if isinstance(item, Exception):
                raise item
            yield item


def outcome(*items):
    try:
        asyncio.run(Matcher(Said(*items), "me").expect(*DUE))
        return None
    except (Excused, Mismatch) as thrown:
        return type(thrown)


class Answers(unittest.TestCase):
    def test_each_is_held_against_what_was_asked(self):
        for why, items, expected in (
            ("as asked", DUE, None),
            ("two tags swapped", (("@b",), "SELECT 1", ("@a",), "SELECT 1", "ZI"), Mismatch),
            ("somebody else's", (("@a",), "SELECT 1", ("@x",), "SELECT 1", "ZI"), Mismatch),
            ("twice", (("@a",), ("@a",), "SELECT 1", ("@b",), "SELECT 1", "ZI"), Mismatch),
            ("one is missing", (("@a",), "SELECT 1", "ZI"), Mismatch),
            ("it ends early", DUE[:-1], Mismatch),
            ("one more", DUE + ("ZI",), Mismatch),
            ("another transaction's state", DUE[:-1] + ("ZT",), Mismatch),
            ("an error of nobody's", (("error", "XX000", "oh"), "ZI"), Mismatch),
            ("somebody else's cancel", (("error", "57014", "canceling statement due to user request"), "ZI"), Mismatch),
            ("a limit", (("@a",), "SELECT 1", TIMED_OUT, "ZI"), Excused),
            ("a limit behind a wrong answer", (("@x",), "SELECT 1", TIMED_OUT, "ZI"), Mismatch),
            ("a limit that ends the session", (("@a",), Refused("57P05", "idle")), Excused),
            ("an end that nobody has asked for", (("@a",), Refused("57P01", "terminating")), Mismatch),
        ):
            with self.subTest(why):
                self.assertIs(outcome(*items), expected)

    def test_notifications_are_for_whom_they_are(self):
        for heard in ([], [["c", "other"]], [["d", "@a"]], [["c", "@a"], ["c", "@a"]]):
            said = Said()
            said.notified = heard
            with self.subTest(heard), self.assertRaises(Mismatch):
                Matcher(said, "me").heard("c", "@a")


class Rest(unittest.TestCase):
    WARM = Figures(30, 9, 100000, {"pools": "0"}, {})

    def test_what_is_left_is_seen(self):
        for why, change, expected in (
            ("nothing", {}, 0), ("a socket", {"descriptors": 31}, 1), ("a thread", {"threads": 10}, 1),
            ("a pool", {"lists": {"pools": "1"}}, 1), ("memory within bounds", {"rss_kib": 110000}, 0),
            ("memory", {"rss_kib": 110001}, 1),
        ):
            with self.subTest(why):
                self.assertEqual(len(differences(self.WARM, dataclasses.replace(self.WARM, **change), 0.1)), expected)

    def test_the_log_is_read(self):
        for line, expected in (
            ("2026-11-30 19:07:40.863 warning client 127.0.0.1:46968 could not log in", 0),
            ("2026-11-30 19:07:40.863 error node b sent something that does not belong into the protocol here", 1),
            ("2026-11-30 19:07:40.863 error /a.yaml:21:14: pool.size: found 'many', expected a whole number", 0),
            ("==123==ERROR: AddressSanitizer: heap-use-after-free", 1),
            ("proxy/x.cpp:3:4: runtime error: signed integer overflow", 1),
        ):
            with self.subTest(line):
                self.assertEqual(len(complaints(line)), expected)


if __name__ == "__main__":
    unittest.main()
