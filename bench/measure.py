"""Runs one command and prints its wall time, CPU time and peak memory as a line of JSON.

usage: measure.py LOG TIMEOUT_SECONDS PROGRAM [ARGUMENT...]

The command's output goes to LOG. CPU time and peak memory come from wait4: user and system time of the command and of
all descendants that were waited for, and the resident set of the largest single process among them.

A process starts with the peak memory of the process that spawned it, so this script imports little before it spawns;
`floorBytes` is what remains: a peak at or under it only says "not more than this".
"""

import os
import signal
import sys
import time


def peak_of_self():
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def main():
    log, timeout, command = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
    state = {"timedOut": False, "stopped": False}
    stops = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)

    # Blocked until the process id is known, so that no signal can leave the command behind.
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    floor = peak_of_self()
    start = time.perf_counter()
    pid = os.posix_spawnp(
        command[0],
        command,
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setpgroup=0,
        setsigmask=(),
        setsigdef=(signal.SIGPIPE, signal.SIGXFSZ),
    )

    def kill_group():
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def stop(number, _frame):
        state["timedOut" if number == signal.SIGALRM else "stopped"] = True
        kill_group()

    for number in stops:
        signal.signal(number, stop)
    signal.setitimer(signal.ITIMER_REAL, timeout)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, stops)

    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - start
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    # Whatever the command left running would disturb the next run.
    kill_group()

    import json

    print(json.dumps({
        "exitCode": os.waitstatus_to_exitcode(status),
        "wallSeconds": wall,
        "userSeconds": usage.ru_utime,
        "systemSeconds": usage.ru_stime,
        "peakBytes": usage.ru_maxrss * 1024,
        "floorBytes": floor,
        **state,
    }))


main()
