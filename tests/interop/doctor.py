#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""doctor.py PROGRAM: the introspection doctor before servers that misbehave, each in its own way, on loopback."""
import contextlib
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

from gateway import Handler, Threaded
from support import free_port

SECRET, TOKEN = "s3cr3t-of-the-client", "good-token-of-a-user"
passed = failed = skipped = 0
outputs = []


def check(holds, sentence):
    global passed, failed
    passed, failed = passed + bool(holds), failed + (not holds)
    print(("ok    " if holds else "FAIL  ") + sentence, flush=True)


def skip(what):
    global skipped
    skipped += 1
    print("SKIPPED " + what, flush=True)


class AuthorizationServer(Handler):
    """Well unless the path says otherwise: /introspect/404 answers 404."""

    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        token, how = form["token"][0], self.path.removeprefix("/introspect").strip("/")
        as_json = ("Content-Type", "application/json")
        if how == "silent":
            time.sleep(30)
        elif how == "late":
            time.sleep(0.4)
            self.reply(200, '{"active": false}', [as_json])
        elif how == "cut":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
            self.close_connection = True
        elif how == "garbage":
            self.wfile.write(b"220 mail.example ESMTP\r\n")
            self.close_connection = True
        elif how == "html":
            self.reply(200, "<html>Log in</html>", [("Content-Type", "text/html; charset=utf-8")])
        elif how == "redirect":  # and tells the token to whoever prints the URL
            self.reply(302, "", [("Location", f"https://{token}.login.example/{token}?t={token}")])
        elif how == "yes":
            self.reply(200, '{"active": true}', [as_json])
        elif how == "twice":
            self.reply(200, '{"active": false, "active": true}', [as_json])
        elif how == "skewed":
            self.send_response_only(200)
            for name, value in [("Date", "Tue, 01 Jan 2030 00:00:00 GMT"), as_json, ("Content-Length", "17")]:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b'{"active": false}')
        elif how.isdigit():
            self.reply(int(how), token, [("Retry-After", "7")])
        else:
            self.reply(200, json.dumps({"active": token == TOKEN}), [as_json])

    def do_GET(self):
        here = f"http://127.0.0.1:{self.server.server_port}"
        documents = {
            "/.well-known/oauth-authorization-server": {"issuer": here, "introspection_endpoint": here + "/introspect"},
            "/.well-known/oauth-authorization-server/other": {"issuer": "https://idp.example",
                                                             "introspection_endpoint": here + "/introspect"},
            "/.well-known/oauth-authorization-server/slash": {"issuer": here + "/slash/",
                                                             "introspection_endpoint": here + "/introspect"},
            "/.well-known/oauth-authorization-server/none": {"issuer": here + "/none"},
            "/openid/.well-known/openid-configuration": {"issuer": here + "/openid",
                                                         "introspection_endpoint": here + "/introspect"},
        }
        if self.path not in documents:
            return self.reply(404, "")
        self.reply(200, json.dumps(documents[self.path]), [("Content-Type", "application/json")])


@contextlib.contextmanager
def serving(certificate=None, clients_of=None):
    """Gives its port. Its clients must show a certificate of the authority `clients_of`, if there is one."""
    server = Threaded(("127.0.0.1", 0), AuthorizationServer)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        if clients_of is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(clients_of)
        # In the connection's own thread, and its failure is the client's to tell.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.kill()


@contextlib.contextmanager
def mute():
    """Accepts connections, as the kernel does for it, and says nothing. Gives its port."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        yield s.getsockname()[1]


class Authority:
    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.file = folder / f"{name}.pem"
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem",
                     "-subj", f"/CN={name}", "-days", "30")

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def issue(self, name, hosts, days=30):
        """Gives the files of the certificate and its key"""
        (self.folder / f"{name}.ext").write_text(f"subjectAltName={hosts}\n")
        self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr",
                     "-subj", f"/CN={name}")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{self.name}.pem", "-CAkey", f"{self.name}.key",
                     "-CAcreateserial", "-days", str(days), "-extfile", f"{name}.ext", "-out", f"{name}.pem")
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"


class Doctor:
    def __init__(self, program, folder):
        self.program, self.folder = os.path.abspath(program), folder
        (folder / "secret").write_text(SECRET + "\n")
        (folder / "token").write_text(TOKEN + "\n")

    def __call__(self, *arguments, **environment):
        """(exit code, output)"""
        began = time.monotonic()
        run = subprocess.run([self.program, *map(str, arguments)], cwd=self.folder, capture_output=True, text=True,
                             timeout=60, env={**os.environ, **environment}, check=False)
        outputs.append(run.stdout + run.stderr)
        check(time.monotonic() - began < 10, "it comes to an end")
        return run.returncode, run.stdout + run.stderr

    def finds(self, what, code, words, *arguments, **environment):
        """Its last line is the verdict, and --json says the same."""
        got, output = self(*arguments, **environment)
        sentence = output.rstrip("\n").rsplit("\n", 1)[-1]
        holds = got == code and all(word in sentence for word in words)
        check(holds, f"{what}: {got}, {sentence}")
        if not holds:
            print(output)
        as_json, output = self("--json", *arguments, **environment)
        said = json.loads(output)
        check(as_json == code == said["exit_code"], f"{what}: so says --json, of the class {said['class']}")
        return said


def over_http(doctor):
    as_client = ["--client-id", "orders", "--client-secret-file", "secret"]
    doctor.finds("refused port", 4, ["Nothing listens on port"], f"http://127.0.0.1:{free_port()}/introspect")
    with mute() as port:
        doctor.finds("accepts, never answers", 6, ["doesn't answer within 1 s"], "--timeout", "1s",
                     f"http://127.0.0.1:{port}/introspect")
        doctor.finds("accepts, is silent in TLS", 5, ["silent in the TLS handshake for 1 s"], "--timeout", "1s",
                     f"https://127.0.0.1:{port}/introspect")
    with serving() as port:
        url = f"http://127.0.0.1:{port}/introspect"
        said = doctor.finds("healthy", 0, ["All is well", "nothing of a random token"], url)
        check([s["step"] for s in said["examined"][0]["steps"]] == ["connect", "introspect"], "its steps are told")
        said = doctor.finds("active token", 0, ["the token is active"], "--token-file", "token", *as_client, url)
        check(said["examined"][0]["steps"][-1]["active"] is True, "and for machines")
        (doctor.folder / "old").write_text("an-old-token\n")
        doctor.finds("inactive token", 0, ["the token is not active there"], "--token-file", "old", url)
        for how, code, words in [
                ("401", 7, ["client 'orders'", "secret"]), ("403", 7, ["'orders'", "that right"]),
                ("404", 7, ["no introspection endpoint", "correct the path"]), ("405", 7, ["correct the path"]),
                ("429", 6, ["too much to do", "for 7 s)"]), ("500", 6, ["ails (500)"]), ("503", 6, ["away", "for 7 s"]),
                ("418", 7, ["refuses the request"]), ("html", 8, ["text/html instead of JSON"]),
                ("redirect", 8, ["leads elsewhere (302"]), ("yes", 8, ["lets everybody in"]),
                ("twice", 8, ["duplicate member"]), ("garbage", 8, ["not HTTP"]), ("cut", 6, ["ends the connection"]),
                ("skewed", 0, ["its clock is"])]:
            doctor.finds(how, code, words, *as_client, f"{url}/{how}")
        doctor.finds("401 without credentials", 7, ["who asks"], f"{url}/401")
        doctor.finds("redirect that holds the token", 8, ["[hidden]"], "--token-file", "token", f"{url}/redirect")
        doctor.finds("TLS to a port of plain http", 5, ["not plain http"], f"https://127.0.0.1:{port}/introspect")
        discovery(doctor, port)
        of_gateway(doctor, port)
    doctor.finds("no such name", 3, ["nowhere.invalid"], "--timeout", "2s", "https://nowhere.invalid/introspect")


def discovery(doctor, port):
    here = f"http://127.0.0.1:{port}"
    said = doctor.finds("discovery", 0, ["All is well", "/introspect answers well"], "--issuer", here)
    check([e["url"] for e in said["examined"]] ==
          [here + "/.well-known/oauth-authorization-server", here + "/introspect"], "document, then endpoint")
    doctor.finds("discovery as OpenID Connect has it", 0, ["/introspect answers well"], "--issuer", here + "/openid")
    doctor.finds("wrong issuer", 8, ["another issuer (https://idp.example)"], "--issuer", here + "/other")
    doctor.finds("issuer that differs in its last slash", 8, ["another issuer"], "--issuer", here + "/slash")
    doctor.finds("no endpoint in the document", 7, ["names no introspection endpoint"], "--issuer", here + "/none")
    doctor.finds("no document", 7, ["no discovery document", "(404)"], "--issuer", here + "/nothing")


def of_gateway(doctor, port):
    def write(*paths, more=""):
        urls = ", ".join(f'"http://127.0.0.1:{p}/introspect{path}"' for p, path in paths)
        (doctor.folder / "gateway.toml").write_text(
            f'[server]\nendpoints = [{urls}]\nclient_id = "gw"\nclient_secret_env = "GW_SECRET"\n{more}'
            '[[route]]\npath = "/auth"\n')
    write((port, ""))
    doctor.finds("the gateway's configuration", 0, ["All is well"], "--gateway", "gateway.toml", GW_SECRET=SECRET)
    write((port, "/401"))
    doctor.finds("refused credentials of the gateway", 7, ["client 'gw'"], "--gateway", "gateway.toml",
                 GW_SECRET=SECRET)
    write((free_port(), ""), (port, ""))
    doctor.finds("one of two endpoints", 4, ["lives on the other endpoint"], "--gateway", "gateway.toml",
                 GW_SECRET=SECRET)
    write((port, "/late"), more='attempt_timeout = "200ms"\n')
    doctor.finds("slower than the gateway waits", 6, ["too late", "200 ms"], "--gateway", "gateway.toml",
                 GW_SECRET=SECRET)
    code, output = doctor("--gateway", "gateway.toml")
    check(code == 2 and "the environment has no variable of this name" in output, "without the secret: " + output.strip())


def over_tls(doctor, folder):
    ca = Authority(folder, "Test-Authority")
    good = ca.issue("good", "IP:127.0.0.1")
    for what, certificate, code, words in [
            ("good certificate", good, 0, ["All is well", "random token"]),
            ("ends soon", ca.issue("soon", "IP:127.0.0.1", 3), 0, ["its certificate expires on", "renew it in time"]),
            ("expired", ca.issue("expired", "IP:127.0.0.1", -1), 5, ["expired on", "renew it on the server"]),
            ("wrong host", ca.issue("elsewhere", "DNS:other.example"), 5, ["is for other.example, not for 127.0.0.1"]),
            ("another authority", Authority(folder, "Stranger").issue("strange", "IP:127.0.0.1"), 5,
             ["comes from CN=Stranger", "CA file"]),
            ("self-signed", (folder / "Stranger.pem", folder / "Stranger.key"), 5, ["signed by itself"])]:
        with serving(certificate) as port:
            url = f"https://127.0.0.1:{port}/introspect"
            said = doctor.finds(what, code, words, "--ca-file", ca.file, url)
            tls = next(s for s in said["examined"][0]["steps"] if s["step"] == "tls")
            check(tls["certificate"]["subject"].startswith("CN="), f"{what}: the certificate is told")
            if what == "good certificate":
                doctor.finds("authority not named", 5, ["no authority that is trusted"], url)


    with serving(good, ca.file) as port:
        url = f"https://127.0.0.1:{port}/introspect"
        doctor.finds("a server that wants a client's certificate", 5, ["wants a client's certificate"],
                     "--ca-file", ca.file, url)
        certificate, key = ca.issue("client", "DNS:client.example")
        (folder / "gateway.toml").write_text(
            f'[server]\nendpoints = ["{url}"]\nclient_auth = "none"\nca_file = "{ca.file}"\n'
            f'client_certificate = "{certificate}"\nclient_key = "{key}"\n[[route]]\npath = "/auth"\n')
        doctor.finds("the gateway has one", 0, ["All is well"], "--gateway", "gateway.toml")


def arguments(doctor):
    url = "https://idp.example/introspect"
    for wrong in [[], ["--nonsense", url], ["ftp://idp.example"], ["http://idp.example/introspect"],
                  ["--client-id", "a", url], ["--timeout", "never", url], ["--token-file", "missing", url],
                  ["--ca-file", "secret", url], ["--gateway", "missing"]]:
        code, output = doctor(*wrong)
        check(code == 2 and output.count("\n") == 1, f"{wrong}: {code}, {output.strip()}")
    code, output = doctor("--help")
    check(code == 0 and output.startswith("usage:"), "--help")


def main(program):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        doctor = Doctor(program, folder)
        arguments(doctor)
        over_http(doctor)
        if shutil.which("openssl"):
            over_tls(doctor, folder)
        else:
            skip("certificates: the openssl command is not installed")
    said = "".join(outputs).lower()
    check(SECRET not in said and TOKEN not in said and "introspection-doctor-" not in said,
          "no secret and no token was printed")
    print(f"doctor: {passed} passed, {failed} failed, {skipped} skipped")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
