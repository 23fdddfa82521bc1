#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""What the stories in this folder are told with: checks that are counted, ports, requests, processes."""
import contextlib
import http.client
import socket
import subprocess
import time

HOST = "127.0.0.1"


class Counted:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def check(self, holds, sentence):
        self.passed, self.failed = self.passed + bool(holds), self.failed + (not holds)
        print(("ok    " if holds else "FAIL  ") + sentence, flush=True)

    def skip(self, what):
        self.skipped += 1
        print("SKIPPED " + what, flush=True)

    def end(self, name):
        """Prints the last line. \return the exit code"""
        print(f"{name}: {self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        return int(self.failed > 0)


def free_port():
    with socket.socket() as s:
        s.bind((HOST, 0))
        return s.getsockname()[1]


def eventually(holds, seconds=20):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.02)
    return False


def get(port, path, token=None, headers=(), timeout=20):
    """(status, headers, body, seconds)"""
    began = time.monotonic()
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout)
    sent = dict(headers)
    if token is not None:
        sent["Authorization"] = "Bearer " + token
    connection.request("GET", path, headers=sent)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, answer.headers, body, time.monotonic() - began


@contextlib.contextmanager
def process(*command, **options):
    running = subprocess.Popen(command, **options)
    try:
        yield running
    finally:
        if running.poll() is None:
            running.kill()
        running.wait()
