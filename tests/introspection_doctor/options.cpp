// SPDX-License-Identifier: BSL-1.0
#include "options.hpp"

#include "support/catch.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using doctor::read_arguments;
using doctor::usage_error;
using namespace std::chrono_literals;
namespace oauth2 = outlast::oauth2;

namespace {

const std::string url = "https://idp.example/introspect";

std::string complaint(const std::vector<std::string>& arguments) {
    try {
        (void)read_arguments(arguments);
    } catch (const usage_error& e) {
        return e.what();
    }
    return "none";
}

std::string file_with(const std::string& name, const std::string& content) {
    const auto path = std::filesystem::temp_directory_path() / ("outlast-doctor-" + name);
    std::ofstream{path} << content;
    return path.string();
}

} // namespace

TEST_CASE("doctor options: a URL alone") {
    const auto p = read_arguments({url});
    CHECK(p.endpoints == std::vector{url});
    CHECK(p.issuer.empty());
    CHECK(std::holds_alternative<oauth2::no_client_auth>(p.auth));
    CHECK(p.token.empty());
    CHECK(p.timeout == 5s);
    CHECK(p.slow_after == 2s);
    CHECK(!p.json);
    CHECK(!p.allow_plain_http);
}

TEST_CASE("doctor options: everything that can be said") {
    const auto p =
        read_arguments({"--json", "--issuer", "https://idp.example", "--client-id", "orders",
                        "--client-secret-file", file_with("secret", "s3cr3t\r\n"), "--client-auth",
                        "post", "--token-file", file_with("token", "abc\n"), "--ca-file", "ca.pem",
                        "--timeout", "500ms", url, "http://localhost:8080/i"});
    CHECK(p.json);
    CHECK(p.endpoints == std::vector<std::string>{url, "http://localhost:8080/i"});
    CHECK(p.issuer == "https://idp.example");
    const auto* const auth = std::get_if<oauth2::client_secret_post>(&p.auth);
    REQUIRE(auth != nullptr);
    CHECK(auth->id == "orders");
    CHECK(auth->password.expose() == "s3cr3t");
    CHECK(p.token.expose() == "abc");
    CHECK(p.tls.ca_file == "ca.pem");
    CHECK(p.timeout == 500ms);
    CHECK(p.slow_after == 500ms);
}

TEST_CASE("doctor options: with a client id it is basic, the secret may be in the environment") {
    ::setenv("OUTLAST_DOCTOR_SECRET", "from-env", 1);
    const auto p = read_arguments(
        {"--client-id", "orders", "--client-secret-env", "OUTLAST_DOCTOR_SECRET", url});
    const auto* const auth = std::get_if<oauth2::client_secret_basic>(&p.auth);
    REQUIRE(auth != nullptr);
    CHECK(auth->password.expose() == "from-env");
}

TEST_CASE("doctor options: none may send an id") {
    const auto p = read_arguments({"--client-auth", "none", "--client-id", "orders", url});
    CHECK(oauth2::client_id(p.auth) == "orders");
}

TEST_CASE("doctor options: a gateway's configuration") {
    const auto authority = file_with("ca.pem", R"(-----BEGIN CERTIFICATE-----
MIIBezCCASGgAwIBAgIUZXTnJkUM8MQHyoso8e5jtGR0F6QwCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHdGVzdCBDQTAgFw0yNjExMzAwNDE1NTZaGA8yMTI2MTEwNjA0
MTU1NlowEjEQMA4GA1UEAwwHdGVzdCBDQTBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABGVUtiJRIcDQb5yDF9DTEuwm05MexPaiW9/Mjab0ksiSMLAJy5e3xGVFzTE5
XBv79ztoF9PrM0UqPp/T8AzAD8ijUzBRMB0GA1UdDgQWBBS9bDC2KtZsAWxogk+0
dClI+Ur+ozAfBgNVHSMEGDAWgBS9bDC2KtZsAWxogk+0dClI+Ur+ozAPBgNVHRMB
Af8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQC4MiKAjYL3I7bv1rC8HoKWtWKF
IkLdgcCMhuKsN1wOagIgV0JCZ1GgWhfVHrQ214HlNLX5h7ZLdr3Rgl68rvP7Mws=
-----END CERTIFICATE-----
)");
    const auto file = file_with("gateway.toml", R"([server]
endpoints = ["https://a.example/i", "https://b.example/i"]
client_auth = "none"
attempt_timeout = "700ms"
ca_file = ")" + authority + R"("
[[route]]
path = "/auth"
)");
    const auto p = read_arguments({"--gateway", file});
    CHECK(p.endpoints == std::vector<std::string>{"https://a.example/i", "https://b.example/i"});
    CHECK(p.tls.ca_file == authority);
    CHECK(p.slow_after == 700ms);
    CHECK(complaint({"--gateway", file, "--client-id", "a"}) ==
          "--client-id stands in the file of --gateway");
    CHECK(complaint({"--gateway", file, url}) == "the URLs stand in the file of --gateway");
    CHECK(complaint({"--gateway", file_with("bad.toml", "[server\n")}).find("bad.toml:1: ") !=
          std::string::npos);
}

TEST_CASE("doctor options: help needs nothing else") {
    CHECK(read_arguments({std::string{"--help"}}).help);
    CHECK(!read_arguments({url}).help);
}

TEST_CASE("doctor options: what is wrong is said, and no value of it") {
    using row = std::pair<std::vector<std::string>, std::string>;
    const auto [arguments, said] = GENERATE(
        row{{}, "what is to be looked at? Name a URL, --issuer or --gateway"},
        row{{"--token=abc", url}, "there is no option --token"},
        row{{"--issuer"}, "--issuer needs a value"},
        row{{"--timeout", "1s", "--timeout", "2s", url}, "--timeout is given twice"},
        row{{"--timeout", "0s", url}, "--timeout is a time as 5s or 500ms, at most 600s"},
        row{{"--timeout", "5", url}, "--timeout is a time as 5s or 500ms, at most 600s"},
        row{{"--timeout", "-5s", url}, "--timeout is a time as 5s or 500ms, at most 600s"},
        row{{"--timeout", "601s", url}, "--timeout is a time as 5s or 500ms, at most 600s"},
        row{{"--client-auth", "digest", url}, "--client-auth is basic, post or none"},
        row{{"--client-auth", "post", url}, "--client-auth post needs --client-id"},
        row{{"--client-id", "a", url},
            "--client-auth basic needs --client-secret-file or --client-secret-env"},
        row{{"--client-secret-env", "OUTLAST_DOCTOR_NONE", url},
            "--client-secret-env: the environment has no OUTLAST_DOCTOR_NONE"},
        row{{"--client-secret-env", "A", "--client-secret-file", "b", url},
            "the secret is in --client-secret-file or in --client-secret-env, not in both"},
        row{{"--token-file", "/nonexistent", url}, "--token-file: cannot read /nonexistent"},
        row{{"--issuer", "https://idp.example?a=b"},
            "--issuer has no query and no fragment (RFC 8414 §2)"},
        row{{"https://user:pw@idp.example/i?token=abc"},
            "https://idp.example/i?… is not a URL as https://idp.example/introspect"},
        row{{"http://idp.example/i"},
            "http://idp.example/i: over plain http whoever is on the way reads tokens: use https"});
    CHECK(complaint(arguments) == said);
}

TEST_CASE("doctor options: a file of nothing is no token") {
    const auto file = file_with("empty", "\n");
    CHECK(complaint({"--token-file", file, url}) == "--token-file: " + file + " is empty");
}
