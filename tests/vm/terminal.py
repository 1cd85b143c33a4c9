#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Runs a command on a terminal of its own, as somebody types.

usage: terminal.py COMMAND [ARGUMENT...] < SCRIPT

Lines of the script: "wait TEXT", until the command has said that since the last
one; "type TEXT", and return; "press c", which is Ctrl-C. What the terminal showed
goes to standard output; the exit status is the command's, or 99 when what is waited
for does not come.
"""

import os
import pty
import select
import sys
import time

PATIENCE = 60
if os.path.exists("/sys/kernel/debug/kmemleak"):
    PATIENCE *= 10


def shown(fd, seconds):
    """What came, b"" if nothing did, None at the end."""
    if not select.select([fd], [], [], seconds)[0]:
        return b""
    try:
        return os.read(fd, 65536) or None
    except OSError:
        return None


def wait_for(fd, text, transcript):
    end, begin = time.monotonic() + PATIENCE, len(transcript)
    while text not in transcript[begin:]:
        more = shown(fd, 0.2)
        if more is None or time.monotonic() > end:
            print(f"'{text.decode()}' does not come: {bytes(transcript)}", file=sys.stderr)
            sys.exit(99)
        transcript += more


def main():
    script = sys.stdin.read().splitlines()
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp(sys.argv[1], sys.argv[1:])
    transcript = bytearray()
    for line in script:
        word, _, text = line.partition(" ")
        if word == "wait":
            wait_for(fd, text.encode(), transcript)
        elif word == "type":
            os.write(fd, text.encode() + b"\n")
        elif word == "press":
            os.write(fd, bytes([ord(text) & 0x1f]))
    end = time.monotonic() + PATIENCE
    while (more := shown(fd, 0.2)) is not None and time.monotonic() < end:
        transcript += more
    sys.stdout.buffer.write(transcript)
    sys.stdout.flush()
    status = os.waitpid(pid, 0)[1]
    sys.exit(os.waitstatus_to_exitcode(status) & 0xff)


main()
