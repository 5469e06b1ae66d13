"""Reads a traceparent from each line, as https://www.w3.org/TR/trace-context/ has it."""

import re
import sys

FIELDS = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(.*)", re.DOTALL)


def read(header):
    match = FIELDS.fullmatch(header)
    if not match:
        return None
    version, trace, span, flags, more = match.groups()
    if version == "ff" or not trace.strip("0") or not span.strip("0"):
        return None
    if version == "00" and more:
        return None
    if more and not more.startswith("-"):
        return None
    return f"{trace} {span} {int(flags, 16) & 1}"


for line in sys.stdin.read().split("\n"):
    print(read(line) or "new")
