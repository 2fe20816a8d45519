"""Keeps one core busy, and counts what it gets done.

usage: neighbour.py FILE

FILE is created; its first 8 bytes hold the number of rounds so far, in the machine's byte order. It ends with its parent.
"""

import ctypes
import mmap
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
parent = os.getppid()
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
if os.getppid() != parent:
    sys.exit(1)
with open(sys.argv[1], "w+b") as file:
    file.truncate(8)
    counter = memoryview(mmap.mmap(file.fileno(), 8)).cast("Q")
while True:
    x = 0
    for i in range(10_000):
        x += i
    counter[0] += 1
