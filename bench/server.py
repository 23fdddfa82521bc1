# SPDX-License-Identifier: BSL-1.0
"""server.py: what a check of a known token costs a whole server (examples/05_coroutine_server.cpp), by wrk.

The server has one thread, and is made to use all of a processor. What counts is how many requests it answers
in a second of that processor, which other work on the machine changes little."""
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess

CONNECTIONS = 16


class Server:
    """One that runs, pinned to a processor, until the end of the block."""

    def __init__(self, program, *arguments):
        last = str(max(os.sched_getaffinity(0)))
        pin = ["taskset", "-c", last] if shutil.which("taskset") else []
        self.process = subprocess.Popen([*pin, str(program), "--serve", "0", *arguments],
                                        stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        if not self.url:
            self.__exit__()
            raise OSError(f"{pathlib.Path(program).name} does not serve")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def processor_seconds(self):
        tasks = pathlib.Path("/proc", str(self.process.pid), "task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def serve(self, seconds):
        """Requests with a token that the server knows: how many, in how much time of its processor."""
        before = self.processor_seconds()
        done = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s",
                               "-H", "Authorization: Bearer good-1", self.url],
                              capture_output=True, text=True)
        spent = self.processor_seconds() - before
        if done.returncode != 0 or re.search("Non-2xx|Socket errors", done.stdout):
            raise OSError(f"wrk: {(done.stderr or done.stdout).strip()[-300:]}")
        return int(re.search(r"(\d+) requests in", done.stdout)[1]), spent


def round_of(program, seconds):
    """The checking server and the one that answers a constant, both at once on one processor, so that whatever slows
    that down slows both: requests a second of it, of each."""
    with Server(program) as checking, Server(program, "--no-check") as constant, \
            concurrent.futures.ThreadPoolExecutor() as both:
        servers = {"server_checked": checking, "server_constant": constant}
        running = {name: both.submit(server.serve, seconds) for name, server in servers.items()}
        seen = {name: future.result() for name, future in running.items()}
    return {name: n / spent for name, (n, spent) in seen.items()}
