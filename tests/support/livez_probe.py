"""Asks ``/livez`` of a server again and again until standard input ends; a process of its own.

Arguments are the server's port and process. At the end it writes the slowest answers as JSON:
seconds by the clock, seconds that the server's processors worked meanwhile, and the longest time
that one of its threads was ready to run and had no processor.
"""

import http.client
import json
import os
import sys
import threading
import time
from pathlib import Path

PORT, PROCESS = int(sys.argv[1]), sys.argv[2]
TICK = os.sysconf("SC_CLK_TCK")


def worked():
    fields = Path(f"/proc/{PROCESS}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def queued():
    found = {}
    for thread in Path(f"/proc/{PROCESS}/task").iterdir():
        try:
            found[thread.name] = int((thread / "schedstat").read_text().split()[1]) / 1e9
        except OSError:  # it has ended
            continue
    return found


def answer():
    before, waiting, begun = worked(), queued(), time.monotonic()
    client = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    client.request("GET", "/livez")
    assert client.getresponse().status == 200
    client.close()
    wall, after = time.monotonic() - begun, queued()
    longest = max(seconds - waiting.get(thread, 0.0) for thread, seconds in after.items())
    return {"wall": wall, "worked": worked() - before, "queued": longest}


def main():
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    answers = [answer()]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while not ended.is_set():
        answers.append(answer())
        answers = sorted(answers, key=lambda one: one["wall"])[-5:]
        time.sleep(0.02)
    sys.stdout.write(json.dumps(answers))


main()
