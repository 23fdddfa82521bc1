#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""gateway.py PROGRAM: the introspection gateway with a real nginx and HAProxy in front of it and an authorization server
that comes, goes and hangs. Everything on loopback, in real time: what is asserted about time is a bound, never a pause."""
import contextlib
import fcntl
import http.server
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

from support import Counted, eventually, free_port, get, process

HERE = pathlib.Path(__file__).resolve().parent
GATEWAY_FILES = HERE.parent.parent / "examples" / "introspection_gateway"
story = Counted()
check, skip = story.check, story.skip


class Threaded(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.connections = []

    def process_request(self, request, client_address):
        self.connections.append(request)
        super().process_request(request, client_address)

    def kill(self):
        """As if its process had ended: connections that clients keep end, too."""
        self.shutdown()
        self.server_close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, *_):
        pass  # a client that went away


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, body, headers=()):
        body = body.encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class AuthorizationServer:
    """Knows the tokens that begin with "good", less those that were revoked."""

    def __init__(self):
        self.port = free_port()
        self.revoked = set()
        self.hangs = threading.Event()
        self.calls = 0
        self.server = None

    def start(self):
        home = self

        class Introspection(Handler):
            def do_POST(self):
                form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                home.calls += 1
                if home.hangs.is_set():
                    time.sleep(30)
                token = form["token"][0]
                active = token.startswith("good") and token not in home.revoked
                said = {"active": active}
                if token == "good-long":
                    said["username"] = "%" * 22_000
                if active:
                    said |= {"sub": "alice\r\nX-Auth-Scope: admin", "client_id": "web", "aud": "orders",
                             "scope": "none" if token.startswith("goodless") else "orders.read", "tenant_id": "7", "exp": int(time.time()) + 3600}
                if token == "good-for-nobody":
                    del said["aud"]
                self.reply(200, json.dumps(said), [("Content-Type", "application/json")])

        self.server = Threaded(("127.0.0.1", self.port), Introspection)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def kill(self):
        self.server.kill()


class Api(Handler):
    def do_GET(self):
        if self.path.endswith("/broken"):
            return self.reply(500, "the API's own")
        said = {n.lower(): v for n, v in self.headers.items() if n.lower().replace("_", "-").startswith("x-auth-")}
        self.reply(200, json.dumps(said))

    def do_POST(self):
        self.reply(200, self.rfile.read(int(self.headers["Content-Length"])).decode().upper())


def configuration(server, port, admin):
    return f"""
port = {port}
admin_port = {admin}
realm = "orders"
claims = ["tenant_id"]
[server]
endpoints = ["http://127.0.0.1:{server.port}/introspect"]
client_id = "gateway"
client_secret_env = "GATEWAY_SECRET"
attempt_timeout = "1s"
overall_timeout = "2s"
[cache]
fresh_for = "1s"
negative_for = "1s"
[breaker]
open_for = "1s"
[recheck]
per_second = 50
[canary]
every = "200ms"
[[route]]
path = "/auth/orders"
audience = "orders"
scopes = ["orders.read"]
[[route]]
path = "/auth/admin"
scopes = ["admin"]
"""


def through_gateway(server, port, admin):
    status, headers, _, _ = get(port, "/auth/orders", "good-1")
    check(status == 200 and headers["X-Auth-How"] == "live", "a token that is active passes")
    check(headers["X-Auth-Subject"] == "alice%0D%0AX-Auth-Scope: admin" and headers["X-Auth-Scope"] == "orders.read"
          and headers["X-Auth-Claim-Tenant-Id"] == "7",
          "who it is stands in headers, and no claim of the server becomes another header")
    calls = server.calls
    check(get(port, "/auth/orders/17", "good-1")[1]["X-Auth-How"] == "cached" and server.calls == calls,
          "the second time nobody is asked")
    status, headers, _, _ = get(port, "/auth/orders", "bad-1")
    check(status == 401 and 'error="invalid_token"' in headers["WWW-Authenticate"], "one that is not gets 401")
    status, headers, _, _ = get(port, "/auth/admin", "good-1")
    check(status == 403 and 'scope="admin"' in headers["WWW-Authenticate"], "one without the scope gets 403")
    status, headers, _, _ = get(port, "/auth/orders")
    check(status == 401 and headers["WWW-Authenticate"] == 'Bearer realm="orders"', "no token gets 401")
    for path in ["/auth/orders/../admin", "/auth/orders/%2e%2e/admin", "/auth/orders//x", "/auth/ordersx", "/other"]:
        check(get(port, path, "good-1")[0] == 404, f"{path} has no route")
    check(get(admin, "/health")[0] == 200 and get(admin, "/ready")[0] == 200, "it is healthy and ready")
    check(get(admin, "/status")[1]["Content-Type"].startswith("text/html"), "there is a page")
    check({get(port, path)[0] for path in ["/health", "/metrics", "/status"]} == {404},
          "on the port of the proxy these paths mean nothing")
    check(get(port, "/auth/orders", "good-long")[0] == 500 and get(port, "/auth/orders", "good-1")[0] == 200,
          "claims that no header can hold are no crash, and no half identity")
    check(get(port, "/auth/orders", "good-for-nobody")[0] == 401, "a token without the audience gets 401")
    reasons = ["no_route", "ambiguous_path", "no_token", "inactive", "wrong_audience", "insufficient_scope", "claims_too_long"]
    counted = {reason: value_of(admin, f'refusals_total{{reason="{reason}"}}') for reason in reasons}
    check(all(counted.values()), f"each refusal is counted by its reason: {counted}")
    check(get(port, "/auth/orders", headers={"X-Long": "x" * 70_000})[0] == 431, "neither are headers that are too long")


def through_proxy(name, front):
    status, _, body, _ = get(front, "/orders/1", f"good-{name}", headers={"X-Auth-Subject": "root"})
    said = json.loads(body) if status == 200 else {}
    check(said.get("x-auth-subject", "").startswith("alice") and said.get("x-auth-how") == "live",
          f"{name}: the API is told who it is, not what the client said ({status})")
    check(get(front, "/orders/1", f"good-{name}-2")[0] == 200, f"{name}: a second token passes")
    check(get(front, "/orders/broken", f"good-{name}")[::2] == (500, "the API's own"),
          f"{name}: a 500 of the API stays one")
    status, headers, _, _ = get(front, "/orders/1", f"bad-{name}")
    check(status == 401 and 'error="invalid_token"' in headers["WWW-Authenticate"], f"{name}: 401 with its challenge")
    status, headers, _, _ = get(front, "/orders/1", f"goodless-{name}")
    check(status == 403 and 'scope="orders.read"' in headers["WWW-Authenticate"], f"{name}: 403 with its challenge")
    check(get(front, "/orders/1")[0] == 401, f"{name}: 401 without a token")
    spoofed = {f"X-Auth-{what}": "root" for what in ["Username", "Issuer", "Audience", "Expires", "Age"]}
    said = json.loads(get(front, "/orders/1", f"good-{name}", headers={**spoofed, "X_Auth_Subject": "root"})[2])
    check("root" not in said.values(), f"{name}: no header of the client's that looks like one of ours reaches the API")
    for path in ["/orders/..%2fadmin", "/orders/%2e%2e/admin", "/orders/..;/admin", "/orders//1", "/orders/../admin"]:
        check(get(front, path, f"good-{name}")[0] == 400, f"{name}: {path} is refused")
    check(get(front, "/orders/1?next=//x/../y;z", f"good-{name}")[0] == 200, f"{name}: a query is not a path")
    connection = http.client.HTTPConnection("127.0.0.1", front, timeout=20)
    connection.request("POST", "/orders/1", "a body", {"Authorization": f"Bearer good-{name}"})
    answer = connection.getresponse()
    said = answer.read()
    check(answer.status == 200 and said == b"A BODY", f"{name}: a request with a body reaches the API ({answer.status})")
    connection.close()


def value_of(admin, metric):
    """Of one line of the metrics; none: 0."""
    lines = [line for line in get(admin, "/metrics")[2].splitlines() if line.startswith(f"introspection_gateway_{metric} ")]
    return float(lines[0].split()[-1]) if lines else 0


def outage(server, port, admin, fronts, how):
    front = fronts.get("nginx")
    ask = (lambda token: get(front, "/orders/1", token)) if front else (lambda token: get(port, "/auth/orders", token))
    known, idle, stolen = f"good-{how}", f"good-idle-{how}", f"good-stolen-{how}"
    check(all(ask(token)[0] == 200 for token in [known, idle, stolen]), f"{how}: tokens pass before it")
    revoked = value_of(admin, 'stale_settled_total{verdict="inactive"}')
    if how == "killed":
        server.kill()
    else:
        server.hangs.set()
    statuses = [ask(known)[0] for _ in range(5)]
    time.sleep(1.1)  # beyond fresh_for
    for _ in range(5):
        status, headers, body, took = ask(known)
        statuses.append(status)
    check(set(statuses) == {200}, f"{how}: it passes all the time: {statuses}")
    stale = json.loads(body)["x-auth-how"] if front else headers["X-Auth-How"]
    check(stale == "stale" and took < 5, f"{how}: by a stale verdict, in {took * 1000:.0f} ms")
    check(revoke(admin, stolen) == 200 and ask(stolen)[0] == 401, f"{how}: one that is revoked at the gateway does not")
    check(ask(idle)[0] == 200, f"{how}: and so does one whose client is not to come again")
    check(value_of(admin, "stale_waiting") >= 2, f"{how}: both wait for the server's word")
    status, headers, body, took = ask(f"good-unknown-{how}")
    check(status == 503 and int(headers["Retry-After"]) > 0 and "temporarily unavailable" in body,
          f"{how}: an unknown one gets {status}, Retry-After {headers['Retry-After']}")
    check(took < 5, f"{how}: in {took * 1000:.0f} ms")
    if "HAProxy" in fronts:
        status, headers, body, _ = get(fronts["HAProxy"], "/orders/1", f"good-unknown-{how}-h")
        check(status == 503 and int(headers["Retry-After"]) > 0 and "temporarily unavailable" in body,
              f"{how}: by HAProxy, too: {status}")
        check(get(fronts["HAProxy"], "/orders/1", known)[0] == 200, f"{how}: and the known one passes")
    refused = [ask(f"good-unknown-{how}-{i}") for i in range(30)]
    check({r[0] for r in refused} == {503}, f"{how}: so do all others, none gets 401")
    calls = server.calls
    quick = sorted(ask(f"good-late-{how}-{i}")[3] for i in range(10))
    check(server.calls - calls <= 3 and quick[5] < 0.25, f"{how}: with the breaker open, in {quick[5] * 1000:.1f} ms")
    server.revoked |= {known, idle}
    if how == "killed":
        server.start()
    else:
        server.hangs.clear()
    name = f"http://127.0.0.1:{server.port}/introspect"
    check(eventually(lambda: value_of(admin, f'circuit_breaker_state{{endpoint="{name}",state="closed"}}') == 1),
          f"{how}: the breaker closes after its return, though no request comes")
    check(eventually(lambda: value_of(admin, "stale_waiting") == 0), f"{how}: all that were served stale are asked about")
    found = value_of(admin, 'stale_settled_total{verdict="inactive"}') - revoked
    check(found == 2, f"{how}: those that were revoked meanwhile are counted, though their clients did not come: {found}")
    check(eventually(lambda: ask(f"good-after-{how}")[0] == 200), f"{how}: unknown tokens pass soon after its return")
    check(eventually(lambda: ask(known)[0] == 401), f"{how}: one that was revoked meanwhile is found out")
    check(ask(stolen)[0] == 401, f"{how}: one that was revoked at the gateway stays so, though the server calls it active")


def revoke(admin, token):
    connection = http.client.HTTPConnection("127.0.0.1", admin, timeout=20)
    connection.request("POST", "/revoke", urllib.parse.urlencode({"token": token}),
                       {"Content-Type": "application/x-www-form-urlencoded"})
    status = connection.getresponse().status
    connection.close()
    return status


def metrics(admin):
    text = get(admin, "/metrics")[2]
    for name in ["checks_total", "server_calls_total", "circuit_breaker_state", "stale_age_seconds",
                 "server_call_duration_seconds"]:
        check("introspection_gateway_" + name in text, "there is a metric introspection_gateway_" + name)
    check("good-" not in text and "bad-" not in text and "top-secret" not in text, "no token and no secret is in them")
    if shutil.which("promtool") is None:
        return skip("promtool check metrics: prometheus is not installed")
    lint = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    check(lint.returncode == 0, "promtool finds nothing wrong with them " + lint.stderr.strip())


def unread_log(program, folder, server):
    """Nobody reads its standard output: a pipe of two pages."""
    port, admin = free_port(), free_port()
    (folder / "unread.toml").write_text(configuration(server, port, admin))
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 8192)
    with process(program, str(folder / "unread.toml"), stdout=writer, env={**os.environ, "GATEWAY_SECRET": "top-secret"}):
        os.close(writer)

        def is_up():
            with contextlib.suppress(OSError):
                return get(admin, "/ready")[0] == 200
            return False
        check(eventually(is_up), "one whose log nobody reads has started")
        statuses = {revoke(admin, f"some-{i}") for i in range(200)}  # each is a line
        lost = value_of(admin, "log_lines_lost_total")
        check(statuses == {200} and 0 < lost < 200, f"it answers, and counts the lines that are lost: {lost}")
        os.read(reader, 65536)
        revoke(admin, "another")
        lines = [json.loads(line) for line in os.read(reader, 65536).decode().splitlines()]
        check([(line["event"], line.get("lines")) for line in lines] == [("log_lines_lost", lost), ("token_revoked", None)],
              f"once somebody reads it, it tells how many were: {lines}")
    os.close(reader)


def stop_gracefully(gateway, server, port, admin):
    server.hangs.set()
    got = []
    asker = threading.Thread(target=lambda: got.append(get(port, "/auth/orders", "good-last")[0]))
    asker.start()
    check(eventually(lambda: "introspection_gateway_checks_under_way 1" in get(admin, "/metrics")[2]),
          "a request is under way")
    gateway.send_signal(signal.SIGTERM)
    asker.join(timeout=30)
    check(got == [503], f"it is answered although the gateway stops: {got}")
    check(gateway.wait(timeout=30) == 0, "which then ends with exit code 0")


def shipped(name, port, api, front):
    """A configuration that is shipped, with its addresses replaced."""
    text = (GATEWAY_FILES / name).read_text()
    for old, new in {"127.0.0.1:8480": port, "127.0.0.1:9000": api, "127.0.0.1:8080": front}.items():
        assert text.count(old) == 1, (name, old)
        text = text.replace(old, f"127.0.0.1:{new}")
    return text


def nginx(folder, port, api, front):
    paths = "".join(f"{name}_temp_path {folder}/{name};\n" for name in
                    ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"])
    text = shipped("nginx.conf", port, api, front).replace("http {", f"http {{\naccess_log off;\n{paths}", 1)
    (folder / "nginx.conf").write_text(text)
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "nginx.log"),
            "-g", f"daemon off; master_process off; pid {folder}/nginx.pid;"]


def haproxy(folder, port, api, front):
    shutil.copy(GATEWAY_FILES / "haproxy.lua", folder)
    (folder / "haproxy.cfg").write_text(shipped("haproxy.cfg", port, api, front))
    return ["haproxy", "-db", "-q", "-C", str(folder), "-f", str(folder / "haproxy.cfg")]


def proxies_in_front(stack, folder, port):
    """Their ports by their names."""
    api = Threaded(("127.0.0.1", 0), Api)
    threading.Thread(target=api.serve_forever, daemon=True).start()
    fronts = {}
    for name, command in {"nginx": nginx, "HAProxy": haproxy}.items():
        if shutil.which(name.lower()) is None:
            skip(f"{name} in front: it is not installed")
            continue
        front = free_port()
        stack.enter_context(process(*command(folder, port, api.server_port, front)))

        def listens():
            with contextlib.suppress(OSError):
                return get(front, "/orders/1")[0] == 401
            return False
        check(eventually(listens), f"{name} has started")
        through_proxy(name, front)
        fronts[name] = front
    return fronts


def main(program):
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server, port, admin = AuthorizationServer(), free_port(), free_port()
        server.start()
        (folder / "gateway.toml").write_text(configuration(server, port, admin))
        log = stack.enter_context(open(folder / "gateway.log", "w+", encoding="utf-8"))
        gateway = stack.enter_context(process(program, str(folder / "gateway.toml"), stdout=log, stderr=log,
                                              env={**os.environ, "GATEWAY_SECRET": "top-secret"}))
        up = eventually(lambda: '"started"' in (folder / "gateway.log").read_text() or gateway.poll() is not None)
        check(up and gateway.poll() is None, "the gateway has started")
        second = subprocess.run([program, str(folder / "gateway.toml")], capture_output=True, text=True, timeout=20,
                                env={**os.environ, "GATEWAY_SECRET": "top-secret"})
        check(second.returncode == 1 and "Address already in use" in second.stderr,
              f"a second one with the same ports says so and ends: {second.stderr.strip()}")
        through_gateway(server, port, admin)
        fronts = proxies_in_front(stack, folder, port)
        outage(server, port, admin, fronts, "killed")
        outage(server, port, admin, fronts, "frozen")
        metrics(admin)
        unread_log(program, folder, server)
        stop_gracefully(gateway, server, port, admin)
        log.flush()
        text = (folder / "gateway.log").read_text()
        check(all(json.loads(line)["event"] for line in text.splitlines()), "its log is one JSON object a line")
        check("good-" not in text and "bad-" not in text and "top-secret" not in text,
              "no token and no secret is in it")
        reasons = {line["reason"] for line in map(json.loads, text.splitlines()) if line["event"] == "refused"}
        check(reasons >= {"no_route", "ambiguous_path", "no_token", "inactive", "wrong_audience", "insufficient_scope",
                          "claims_too_long"}, f"it tells why requests may not pass: {reasons}")
        told = [json.loads(line) for line in text.splitlines() if '"served_stale"' in line]
        check(sum(line["revoked"] for line in told) == 4, f"it tells how many that were served stale were revoked: {told}")
        check('"state":"opened"' in text and '"state":"closed"' in text, "it tells what the breaker did")
        if story.failed:
            print(text)
    return story.end("gateway")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
