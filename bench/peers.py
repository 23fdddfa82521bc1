# SPDX-License-Identifier: BSL-1.0
"""peers.py BUILD_DIR [--quick] [--json FILE] [--markdown]: the introspection gateway beside nginx (auth_request and
proxy_cache) and Apache (mod_oauth2), each with one processor, asked by wrk on loopback.

What counts is the time of the processor for a request, which other work on the machine changes less than how many
there are in a second. All ask the same authorization server, an nginx that finds every token good."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

from figures import Figure
from measure import Measurements, Skipped, output_of, program, say

CONNECTIONS = 16
HOST = "127.0.0.1"
KNOWN = 9000       # tokens that a cache holds

# One request after another: of `count` tokens in turn, or (0) never the same twice.
WRK = """
local count, name, made, n = 0, "", {}, 0
local function of(token)
  return wrk.format("GET", nil, {["Authorization"] = "Bearer " .. token})
end
function init(arguments)
  count, name = tonumber(arguments[1]), arguments[2]
  for i = 1, count do made[i] = of(string.format("known-%038d", i)) end
end
function request()
  n = n + 1
  if count > 0 then return made[n % count + 1] end
  return of(string.format("%s-%032d", name, n))
end
"""

SERVER = """
daemon off; worker_processes 1; pid server.pid; error_log stderr crit;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 1000000000;
  server { listen 127.0.0.1:%(server)d; default_type application/json;
    location /introspect { return 200 '{"active":true,"sub":"alice","client_id":"web","aud":"orders","scope":"orders.read","exp":%(exp)d}'; } } }
"""

NGINX = """
daemon off; worker_processes 1; pid nginx.pid; error_log stderr crit;
events { worker_connections 1024; }
http { access_log off; keepalive_requests 1000000000;
  proxy_cache_path cache levels=1:2 keys_zone=tokens:64m inactive=10m;
  map $http_authorization $token { "~^Bearer (?<it>.+)$" $it; }
  upstream server { server 127.0.0.1:%(server)d; keepalive 64; keepalive_requests 1000000000; }
  server { listen 127.0.0.1:%(nginx)d; root pages;
    location /checked/ { auth_request /check; }
    location = /check { internal; proxy_pass http://server/introspect; proxy_http_version 1.1; proxy_method POST;
      proxy_set_header Connection ""; proxy_set_header Authorization ""; proxy_set_body "token=$token";
      proxy_set_header Content-Type application/x-www-form-urlencoded;
      proxy_cache tokens; proxy_cache_methods POST; proxy_cache_key $token; proxy_cache_valid 200 300s; } } }
"""

APACHE = """
ServerRoot %(folder)s
ServerName localhost
PidFile apache.pid
ErrorLog apache.log
LogLevel crit
Listen 127.0.0.1:%(apache)d
LoadModule mpm_event_module %(modules)s/mod_mpm_event.so
LoadModule authn_core_module %(modules)s/mod_authn_core.so
LoadModule authz_core_module %(modules)s/mod_authz_core.so
LoadModule authz_user_module %(modules)s/mod_authz_user.so
LoadModule oauth2_module %(modules)s/mod_oauth2.so
%(user)s
StartServers 1
ServerLimit 1
ThreadsPerChild 64
ThreadLimit 64
MaxRequestWorkers 64
MaxKeepAliveRequests 0
DocumentRoot %(folder)s/pages
OAuth2Cache shm max_entries=1000
<Directory />
Require all granted
</Directory>
<Location /checked>
AuthType oauth2
OAuth2TokenVerify introspect http://127.0.0.1:%(server)d/introspect introspect.auth=none&expiry=300
OAuth2TargetPass remote_user_claim=sub
Require valid-user
</Location>
"""

GATEWAY = """
port = %(gateway)d
admin_port = %(admin)d
[server]
endpoints = ["http://127.0.0.1:%(server)d/introspect"]
client_auth = "none"
client_id = "gateway"
[cache]
fresh_for = "300s"
tokens = 20000
[[route]]
path = "/checked"
audience = "orders"
scopes = ["orders.read"]
"""


def free_ports(names):
    with contextlib.ExitStack() as held:
        sockets = {name: held.enter_context(socket.socket()) for name in names}
        for one in sockets.values():
            one.bind((HOST, 0))
        return {name: one.getsockname()[1] for name, one in sockets.items()}


class Running:
    """A server of several processes, on the last processor, until it is ended."""

    def __init__(self, name, folder, *command, **options):
        last = str(max(os.sched_getaffinity(0)))
        self.name = name
        with open(folder / f"{name}.said", "w") as said:
            self.process = subprocess.Popen(["taskset", "-c", last, *map(str, command)], cwd=folder,
                                            stdout=said, stderr=said, **options)

    def all_of_it(self):
        ids = [self.process.pid]
        for one in ids:
            with contextlib.suppress(OSError):
                for task in pathlib.Path("/proc", str(one), "task").iterdir():
                    ids += map(int, (task / "children").read_text().split())
        return ids

    def seconds(self):
        """Of the processor, until now."""
        spent = 0
        for one in self.all_of_it():
            for task in pathlib.Path("/proc", str(one), "task").iterdir():
                with contextlib.suppress(OSError):
                    spent += int((task / "schedstat").read_text().split()[0])
        return spent / 1e9

    def end(self):
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        self.process.kill()
        self.process.wait()


def answers(url):
    with contextlib.suppress(OSError):
        with urllib.request.urlopen(urllib.request.Request(url, headers={"Authorization": "Bearer first"}), timeout=5):
            return True
    return False


def wait_for(server, url, folder):
    until = time.monotonic() + 20
    while not answers(url):
        if time.monotonic() > until or server.process.poll() is not None:
            raise OSError(f"{server.name} does not answer: {(folder / (server.name + '.said')).read_text()[-300:]}")
        time.sleep(0.05)


class Field:
    """All the servers, and wrk."""

    def __init__(self, stack, folder, gateway):
        for program in ["nginx", "apache2", "wrk", "taskset"]:
            if shutil.which(program) is None:
                raise Skipped(f"{program} is not installed")
        modules = pathlib.Path("/usr/lib/apache2/modules")
        if not (modules / "mod_oauth2.so").exists():
            raise Skipped("libapache2-mod-oauth2 is not installed")
        self.ports = free_ports(["server", "nginx", "apache", "gateway", "admin"])
        facts = self.ports | {"folder": folder, "modules": modules, "exp": int(time.time()) + 86_400,
                              "user": "User www-data\nGroup www-data" if os.getuid() == 0 else ""}
        folder.chmod(0o755)      # workers may run as somebody else
        (folder / "pages" / "checked").mkdir(parents=True)
        for page in ["open", "checked/page"]:
            (folder / "pages" / page).write_text("Here are your orders.\n")
        for name, text in {"server.conf": SERVER, "nginx.conf": NGINX, "apache.conf": APACHE, "gateway.toml": GATEWAY}.items():
            (folder / name).write_text(text % facts)
        self.script = folder / "wrk.lua"
        self.script.write_text(WRK)
        nginx = [shutil.which("nginx"), "-e", "stderr", "-p", folder]
        commands = {"server": [*nginx, "-c", folder / "server.conf"],
                    "nginx": [*nginx, "-c", folder / "nginx.conf"],
                    "apache": [shutil.which("apache2"), "-D", "FOREGROUND", "-f", folder / "apache.conf"],
                    "gateway": [gateway, folder / "gateway.toml"]}
        self.servers = {}
        for name, command in commands.items():
            self.servers[name] = Running(name, folder, *command)
            stack.callback(self.servers[name].end)
        for name, path in {"server": "introspect", "nginx": "checked/page", "apache": "checked/page", "gateway": "checked"}.items():
            wait_for(self.servers[name], self.url(name, path), folder)

    def url(self, name, path):
        return f"http://{HOST}:{self.ports[name]}/{path}"

    def microseconds(self, name, path, tokens, seconds=1):
        """Of a server's processor for a request; where tokens come again, once it knows them."""
        server = self.servers[name]
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(self.script), self.url(name, path),
                   "--", str(tokens), f"new-{time.monotonic_ns()}"]
        if tokens > 0:
            output_of(*command)
        before = server.seconds()
        said = output_of(*command)
        spent = server.seconds() - before
        if re.search("Non-2xx|Socket errors", said):
            raise OSError(f"{name}: {said.strip()[-300:]}")
        return 1e6 * spent / int(re.search(r"(\d+) requests in", said)[1])


CASES = {               # in microseconds: server, path, tokens in turn (0: each is new)
    "nginx_open": ("nginx", "open", 1),
    "nginx_known": ("nginx", "checked/page", 1),
    "apache_open": ("apache", "open", 1),
    "apache_known": ("apache", "checked/page", 1),
    "gateway_known": ("gateway", "checked", 1),
    "gateway_known_9000": ("gateway", "checked", KNOWN),
    "gateway_new": ("gateway", "checked", 0),
    "nginx_new": ("nginx", "checked/page", 0),
    "apache_new": ("apache", "checked/page", 0),
}

FIGURES = [
    Figure("gateway_known_us", "gateway: a known token", "µs", lambda m: m["gateway_known"], lambda m: m["nginx_known"]),
    Figure("nginx_known_us", "… nginx, auth_request and proxy_cache, and a page", "µs", lambda m: m["nginx_known"], None),
    Figure("nginx_open_us", "… nginx, the page alone", "µs", lambda m: m["nginx_open"], None),
    Figure("apache_known_us", "… Apache, mod_oauth2 with its cache, and a page", "µs", lambda m: m["apache_known"], None),
    Figure("apache_open_us", "… Apache, the page alone", "µs", lambda m: m["apache_open"], None),
    Figure("gateway_over_nginx", "gateway over nginx, a known token", "×",
           lambda m: m["gateway_known"] / m["nginx_known"], lambda m: 1),
    Figure("gateway_over_apache", "gateway over Apache, a known token", "×",
           lambda m: m["gateway_known"] / m["apache_known"], lambda m: 1 / 3),
    Figure("gateway_9000_over_one", "gateway: one of 9 000 known tokens, over always the same", "×",
           lambda m: m["gateway_known_9000"] / m["gateway_known"], lambda m: 1.3),
    Figure("check_over_nginx_check", "the check alone (introspector, known token), over what it adds to nginx's page", "×",
           lambda m: m["known_alone_ns"] / 1000 / (m["nginx_known"] - m["nginx_open"]), lambda m: 1 / 20),
    Figure("gateway_new_us", "gateway: a new token each time, the server asked", "µs", lambda m: m["gateway_new"],
           lambda m: min(m["nginx_new"], m["apache_new"])),
    Figure("nginx_new_us", "… nginx", "µs", lambda m: m["nginx_new"], None),
    Figure("apache_new_us", "… Apache", "µs", lambda m: m["apache_new"], None),
]


def take_all(build, quick):
    taken = Measurements()
    counts = {}
    taken.attempt("the check alone", counts, lambda: json.loads(output_of(str(build / "bench" / "bench_flood"))))
    gateway = build / "examples" / "introspection_gateway" / "introspection_gateway"
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        field = []
        taken.attempt("the peers", {}, lambda: field.append(Field(stack, folder, gateway)) or {})
        for number in range((3 if quick else 7) if field else 0):
            say(f"measuring: round {number + 1} ...")
            one = dict(counts)
            for name, case in CASES.items():
                taken.attempt(name, one, lambda: {name: field[0].microseconds(*case)})
            taken.rounds.append(one)
    return taken


if __name__ == "__main__":
    try:
        sys.exit(program(take_all, FIGURES))
    except KeyboardInterrupt:
        sys.exit(130)
