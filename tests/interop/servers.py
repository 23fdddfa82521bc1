#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""servers.py GATEWAY MODULES: the introspection gateway with authorization servers that nobody here wrote: oidc-provider
(in the folder MODULES, see `tests/run`) and glewlwyd. Each of them is killed, frozen and started again."""
import base64
import contextlib
import http.client
import http.cookies
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse

from support import HOST, Counted, eventually, free_port, get, process

HERE = pathlib.Path(__file__).resolve().parent
story = Counted()
check = story.check


def post(port, path, body, kind="application/x-www-form-urlencoded", headers=()):
    """(status, headers, what the JSON says)"""
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    connection.request("POST", path, body, {"Content-Type": kind, **dict(headers)})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, answer.headers, json.loads(text) if text.startswith(("{", "[")) else text


def basic(client, secret):
    return {"Authorization": "Basic " + base64.b64encode(
        f"{urllib.parse.quote(client, safe='')}:{urllib.parse.quote(secret, safe='')}".encode()).decode()}


class Server:
    """A process that is started, killed, frozen and thawed."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.running = None

    def launch(self, *command, cwd=None):
        with open(self.folder / f"{self.name}.log", "ab") as log:
            self.running = subprocess.Popen(command, stdout=log, stderr=log, cwd=cwd)
        up = eventually(self.answers, 60)
        if not up:
            raise RuntimeError(f"{self.name} did not start:\n" + (self.folder / f"{self.name}.log").read_text()[-2000:])

    def answers(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            return get(self.port, self.probe, timeout=2)[0] < 500
        return False

    def kill(self):
        self.running.kill()
        self.running.wait()

    def freeze(self):
        self.running.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.running.send_signal(signal.SIGCONT)

    def form(self, path, credentials, **fields):
        return post(self.port, path, urllib.parse.urlencode(fields), headers=credentials)


class OidcProvider(Server):
    name, probe, remembers = "oidc-provider", "/.well-known/openid-configuration", False
    introspection = "/token/introspection"

    def __init__(self, folder, modules):
        super().__init__(folder)
        self.modules = modules
        shutil.copy(HERE / "oidc_provider.mjs", folder)
        (folder / "node_modules").symlink_to(pathlib.Path(modules).resolve() / "node_modules")

    def start(self):
        key = self.folder / "key.pem"
        if not key.exists():
            subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", str(key)],
                           check=True, capture_output=True)
        self.launch("node", "oidc_provider.mjs", str(self.port), str(key), cwd=self.folder)

    def token(self):
        status, _, said = self.form("/token", basic("app", "app-secret"), grant_type="client_credentials", scope="read",
                                    resource="urn:orders")
        assert status == 200, said
        return said["access_token"]

    def revoke(self, token):
        status, _, said = self.form("/token/revocation", basic("app", "app-secret"), token=token)
        assert status == 200, said

    def credentials(self):
        return 'client_id = "rs"', "rs+secret/="

    audience = 'audience = "urn:orders"'


class Glewlwyd(Server):
    name, probe, remembers = "glewlwyd", "/api/oidc/.well-known/openid-configuration", True
    introspection = "/api/oidc/introspect"
    audience = ""

    def start(self):
        new = not (self.folder / "glewlwyd.db").exists()
        if new:
            self.prepare()
            self.probe = "/config"
        self.launch("glewlwyd", "-c", str(self.folder / "glewlwyd.conf"))
        if new:
            self.configure()
            self.probe = Glewlwyd.probe

    def prepare(self):
        schema = pathlib.Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3").read_bytes()
        subprocess.run(["sqlite3", str(self.folder / "glewlwyd.db")], input=schema, check=True, capture_output=True)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test", "-days", "2",
                        "-keyout", str(self.folder / "key.pem"), "-out", str(self.folder / "cert.pem")],
                       check=True, capture_output=True)
        lib = "/usr/lib/glewlwyd"
        (self.folder / "glewlwyd.conf").write_text(f'''
port={self.port}
bind_address="{HOST}"
external_url="http://{HOST}:{self.port}"
login_url="login.html"
api_prefix="api"
log_mode="file"
log_level="WARNING"
log_file="{self.folder}/glewlwyd-own.log"
cookie_secure=0
session_expiration=2419200
session_key="GLEWLWYD2_SESSION_ID"
admin_session_authentication="cookie"
profile_session_authentication="cookie"
login_api_enabled=true
max_post_size=16778240
admin_scope="g_admin"
profile_scope="g_profile"
hash_algorithm="SHA512"
user_module_path="{lib}/user"
client_module_path="{lib}/client"
user_auth_scheme_module_path="{lib}/scheme"
plugin_module_path="{lib}/plugin"
use_secure_connection=false
secure_connection_key_file="/none"
secure_connection_pem_file="/none"
secure_connection_ca_file="/none"
database = {{ type = "sqlite3"; path = "{self.folder}/glewlwyd.db"; }};
''')

    def configure(self):
        def admin(path, what, session=()):
            status, headers, said = post(self.port, "/api" + path, json.dumps(what), "application/json", session)
            assert status == 200, (path, status, said)
            return headers

        cookie = http.cookies.SimpleCookie(
            admin("/auth/", {"username": "admin", "password": "password"})["Set-Cookie"])
        session = {"Cookie": "; ".join(f"{k}={v.value}" for k, v in cookie.items())}
        for scope in ["read", "introspect"]:
            admin("/scope/", {"name": scope, "display_name": scope, "description": scope}, session)
        kinds = {f"auth-type-{kind}-enabled": False for kind in
                 ["code", "token", "id-token", "none", "password", "device", "refresh"]}
        admin("/mod/plugin/", {"module": "oidc", "name": "oidc", "display_name": "oidc", "enabled": True, "parameters": {
            "iss": f"http://{HOST}:{self.port}", "jwt-type": "rsa", "jwt-key-size": "256",
            "key": (self.folder / "key.pem").read_text(), "cert": (self.folder / "cert.pem").read_text(),
            "access-token-duration": 3600, "refresh-token-duration": 3600, "code-duration": 600,
            "refresh-token-rolling": True, "allow-non-oidc": True, "auth-type-client-enabled": True, **kinds,
            "introspection-revocation-allowed": True, "introspection-revocation-allow-target-client": True,
            "introspection-revocation-auth-scope": ["introspect"], "subject-type": "public"}}, session)
        for client, scope in [("app", "read"), ("rs", "introspect")]:
            admin("/client/", {"client_id": client, "name": client, "password": client + "-secret", "confidential": True,
                               "enabled": True, "scope": [scope], "authorization_type": ["client_credentials"],
                               "token_endpoint_auth_method": ["client_secret_basic"], "redirect_uri": []}, session)
        self.own = self.issued("rs", "introspect")

    def issued(self, client, scope):
        status, _, said = self.form("/api/oidc/token", basic(client, client + "-secret"),
                                    grant_type="client_credentials", scope=scope)
        assert status == 200, said
        return said["access_token"]

    def token(self):
        return self.issued("app", "read")

    def revoke(self, token):
        status, _, said = self.form("/api/oidc/revoke", basic("app", "app-secret"), token=token)
        assert status == 200, said

    def credentials(self):
        # A resource server asks about tokens of others only with a token of its own.
        return 'client_id = "rs"\nclient_auth = "bearer"', self.own


def by_secret(server):
    return f"""endpoints = ["http://{HOST}:{server.port}{server.introspection}"]
{server.credentials()[0]}
client_secret_env = "GATEWAY_SECRET\""""


def by_key(server):
    """The issuer alone, whose metadata tell the rest; and a key that signs, instead of a secret."""
    return f"""issuer = "http://{HOST}:{server.port}"
client_id = "rs-key"
client_auth = "private_key_jwt"
assertion_key_file = "{server.folder / 'key.pem'}"
assertion_key_id = "gw-1\""""


def by_name(server):
    """By secret, at an address that has to be looked up."""
    return by_secret(server).replace(HOST, "localhost")


class Names:
    """What names a program finds: those in a file of its own, in a mount namespace of its own."""

    def __init__(self, folder):
        self.hosts, self.sources = folder / "hosts", folder / "nsswitch.conf"
        self.sources.write_text("hosts: files\n")
        self.come_back()

    def go_away(self):
        self.hosts.write_text("")

    def come_back(self):
        self.hosts.write_text(f"{HOST} localhost\n")

    def before(self):
        """What stands before a command that is to find no others."""
        as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
        mounts = 'mount --bind "$1" /etc/hosts && mount --bind "$2" /etc/nsswitch.conf && shift 2 && exec "$@"'
        return ["unshare", "--mount", *as_root, "sh", "-c", mounts, "sh", str(self.hosts), str(self.sources)]

    def can_be_taken_away(self):
        return bool(shutil.which("unshare")) and subprocess.run([*self.before(), "true"], capture_output=True).returncode == 0


def configuration(server, port, admin, how):
    return f"""
port = {port}
admin_port = {admin}
[server]
{how(server)}
attempt_timeout = "1s"
overall_timeout = "2s"
[cache]
fresh_for = "1s"
negative_for = "1s"
[breaker]
open_for = "1s"
[[route]]
path = "/auth"
scopes = ["read"]
{server.audience}
"""


def ages():
    time.sleep(1.1)  # beyond fresh_for


def outage(server, port, how, begin, end):
    def ask(token):
        return get(port, "/auth", token)

    known, other, unseen = server.token(), server.token(), server.token()
    check(ask(known)[0] == 200 and ask(other)[0] == 200, f"{server.name}, {how}: tokens pass before it")
    begin()
    ages()
    answers = [ask(token) for token in [known, other] * 5]
    check({a[0] for a in answers} == {200} and answers[-1][1]["X-Auth-How"] == "stale",
          f"{server.name}, {how}: known tokens pass all the time, by stale verdicts")
    answers = [ask(unseen) for _ in range(3)] + [ask(f"unknown-{i}") for i in range(20)]
    check({a[0] for a in answers} == {503} and all(int(a[1]["Retry-After"]) > 0 for a in answers),
          f"{server.name}, {how}: unknown ones get 503 with Retry-After, none gets 401")
    took = sorted(ask(unseen)[3] for _ in range(9))[4]
    check(took < 0.25, f"{server.name}, {how}: in {took * 1000:.1f} ms while the breaker is open")
    end()
    fresh = server.token()
    began = time.monotonic()
    check(eventually(lambda: ask(fresh)[0] == 200), f"{server.name}, {how}: new tokens pass "
          f"{time.monotonic() - began:.1f} s after its return (the breaker is open for 1 s or 2 s)")
    ages()
    if server.remembers or how == "frozen":
        # "cached" when the re-check after the outage was quicker than this: a stale verdict was given until then.
        told = ask(known)[1]["X-Auth-How"]
        check(told in ("live", "cached"), f"{server.name}, {how}: a known one is asked about again ({told})")
        server.revoke(other)
        check(eventually(lambda: ask(other)[0] == 401), f"{server.name}, {how}: one that was revoked gets 401")
    else:
        check(eventually(lambda: ask(known)[0] == 401),
              f"{server.name}, {how}: it has forgotten its tokens, and is believed: 401")


@contextlib.contextmanager
def running(gateway, server, how, before=()):
    """A gateway. \return its port, once it is ready"""
    port, admin = free_port(), free_port()
    file = server.folder / "gateway.toml"
    file.write_text(configuration(server, port, admin, how))

    def listens():
        with contextlib.suppress(OSError):
            return get(admin, "/ready")[0] == 200
        return False
    with open(server.folder / "gateway.log", "a+", encoding="utf-8") as log:
        with process(*before, gateway, str(file), stdout=log, stderr=log,
                     env={**os.environ, "GATEWAY_SECRET": server.credentials()[1]}):
            check(eventually(listens), f"{server.name}: the gateway is ready")
            yield port


def told_by_key(server, gateway):
    name = server.name + ", by its issuer, with private_key_jwt"
    server.start()
    with contextlib.ExitStack() as stack:
        stack.callback(server.kill)
        token = server.token()
        with running(gateway, server, by_key) as port:
            status, headers, _, _ = get(port, "/auth", token)
            check(status == 200 and headers["X-Auth-How"] == "live", f"{name}: a token that it issued passes ({status})")
            check(get(port, "/auth", "made-up")[0] == 401, f"{name}: one that it did not gets 401")
            server.kill()
            ages()
            check(get(port, "/auth", token)[1]["X-Auth-How"] == "stale", f"{name}, killed: a known one passes")
        with running(gateway, server, by_key) as port:
            status, headers, _, _ = get(port, "/auth", token)
            check(status == 503 and int(headers["Retry-After"]) > 0,
                  f"{name}, killed: while nobody knows where to ask, 503 with Retry-After ({status})")
            server.start()
            again = server.token()
            check(eventually(lambda: get(port, "/auth", again)[0] == 200), f"{name}: after its return tokens pass")


def nameless(server, gateway):
    """The server is there, and its name is not."""
    names = Names(server.folder)
    if not names.can_be_taken_away():
        return story.skip(f"{server.name}, without its name: no mount namespace can be made here (unshare)")
    what = f"{server.name}, without its name"
    with running(gateway, server, by_name, names.before()) as port:
        known = server.token()
        check(get(port, "/auth", known)[0] == 200, f"{what}: tokens pass before it")
        names.go_away()
        server.kill()  # and with it the connections that are open
        server.start()
        again = server.token()
        check(eventually(lambda: get(port, "/auth", again)[0] == 200), f"{what}: the address that it had is used on")
    with running(gateway, server, by_name, names.before()) as port:
        answers = [get(port, "/auth", token) for token in [again, known, *(f"unknown-{i}" for i in range(18))]]
        check({a[0] for a in answers} == {503} and all(int(a[1]["Retry-After"]) > 0 for a in answers),
              f"{what}, from the start on: 503 with Retry-After, none gets 401")
        names.come_back()
        began = time.monotonic()
        check(eventually(lambda: get(port, "/auth", again)[0] == 200), f"{what}: tokens pass {time.monotonic() - began:.1f} s "
              "after its return (the breaker is open for 1 s or 2 s, a lookup that failed counts for 1 s)")


def told_with(server, gateway):
    server.start()
    with contextlib.ExitStack() as stack:
        stack.callback(server.kill)
        port = stack.enter_context(running(gateway, server, by_secret))
        token = server.token()
        status, headers, _, _ = get(port, "/auth", token)
        check(status == 200 and headers["X-Auth-How"] == "live" and headers["X-Auth-Client"] == "app"
              and headers["X-Auth-Scope"] == "read", f"{server.name}: a token that it issued passes ({status})")
        check(get(port, "/auth", token)[1]["X-Auth-How"] == "cached", f"{server.name}: the second time from the cache")
        check(get(port, "/auth", "made-up")[0] == 401, f"{server.name}: one that it did not gets 401")
        server.revoke(token)
        check(eventually(lambda: get(port, "/auth", token)[0] == 401),
              f"{server.name}: a revoked one gets 401 once its verdict is not fresh any more")
        outage(server, port, "killed", server.kill, server.start)
        outage(server, port, "frozen", server.freeze, server.thaw)
        nameless(server, gateway)
        if story.failed:
            print((server.folder / "gateway.log").read_text())


def main(gateway, modules):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "oidc-provider").mkdir()
        (folder / "glewlwyd").mkdir()
        if shutil.which("node") and (pathlib.Path(modules) / "node_modules" / "oidc-provider").exists():
            told_with(OidcProvider(folder / "oidc-provider", modules), gateway)
            (folder / "by-key").mkdir()
            told_by_key(OidcProvider(folder / "by-key", modules), gateway)
        else:
            story.skip("oidc-provider: it, or node, is not installed")
        if all(map(shutil.which, ["glewlwyd", "sqlite3", "openssl"])):
            told_with(Glewlwyd(folder / "glewlwyd"), gateway)
        else:
            story.skip("glewlwyd: it, sqlite3 or openssl is not installed")
    return story.end("servers")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
