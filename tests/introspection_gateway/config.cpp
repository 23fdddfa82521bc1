// SPDX-License-Identifier: BSL-1.0
#include "config.hpp"

#include "support/catch.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <variant>

using gateway::bad_configuration;
using gateway::read_configuration;
using namespace std::chrono_literals;
namespace oauth2 = outlast::oauth2;

namespace {

constexpr std::string_view least = R"([server]
endpoints = ["https://idp.example/introspect"]
client_auth = "none"
[[route]]
path = "/auth"
)";

// Made for this test, and used nowhere else.
constexpr std::string_view ec_key = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgUN3qiDbd/Oi8hWr6
rD5K/RVqM6aqIigmzEOG3tHyF8+hRANCAAQvBo0aQtBRrGT9dK8ZikkQQe/qE4hV
KDtGUYAsrgQX9tBCL6lU+xSELBvsifoC/E1Ydz0j2cpfpLgES1OjF5Cc
-----END PRIVATE KEY-----
)";

// Of that key, and vouching for itself.
constexpr std::string_view ec_certificate = R"(-----BEGIN CERTIFICATE-----
MIIBhTCCASugAwIBAgIUTDPVEV3lTw7J4X0qsGq++BJa+qYwCgYIKoZIzj0EAwIw
FzEVMBMGA1UEAwwMb3V0bGFzdCB0ZXN0MCAXDTI2MTEzMDAzMjgyM1oYDzIxMjYx
MTA2MDMyODIzWjAXMRUwEwYDVQQDDAxvdXRsYXN0IHRlc3QwWTATBgcqhkjOPQIB
BggqhkjOPQMBBwNCAAQvBo0aQtBRrGT9dK8ZikkQQe/qE4hVKDtGUYAsrgQX9tBC
L6lU+xSELBvsifoC/E1Ydz0j2cpfpLgES1OjF5Cco1MwUTAdBgNVHQ4EFgQUlMji
w5cqgbGQMbjG3AWlskIMk+owHwYDVR0jBBgwFoAUlMjiw5cqgbGQMbjG3AWlskIM
k+owDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEA4tf49Pif9EK3
5qZPdMnoiKVmhMZw8L6i0ZzS270jc7kCIGtVUOKU3CggqouPTXg36UxniDgNxNJh
uuYXs0u2VLJq
-----END CERTIFICATE-----
)";

// Another one.
constexpr std::string_view other_key = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg9w0ldd7yh8PuIjg4
LHxCRDOq3uDD0K5qEdAbmfCNCs+hRANCAARrxLx8BcqpVUOgEXaynpI2f1QlhwTb
bENmJJrPR6KbTvTnSrJsC/iXVTrlLJFJUayQK/Q0NeDJUKqTO8/xEGwU
-----END PRIVATE KEY-----
)";

/// A file while the test lasts.
struct written {
    std::filesystem::path path;
    written(const std::string& name, std::string_view text)
        : path(std::filesystem::temp_directory_path() / ("outlast-gateway-config-" + name)) {
        std::ofstream{path} << text;
    }
    ~written() { std::filesystem::remove(path); }
    written(const written&) = delete;
    written& operator=(const written&) = delete;
};

std::string complaint(const std::string& text) {
    try {
        (void)read_configuration(text, "g.toml");
    } catch (const bad_configuration& e) {
        return e.what();
    }
    return "none";
}

} // namespace

TEST_CASE("gateway configuration: the least there can be") {
    const auto c = read_configuration(least, "g.toml");
    CHECK(c.host == "127.0.0.1");
    CHECK(c.port == 8480);
    CHECK(c.introspector.endpoints == std::vector<std::string>{"https://idp.example/introspect"});
    CHECK(std::holds_alternative<oauth2::no_client_auth>(c.introspector.auth));
    REQUIRE(c.routes.size() == 1);
    CHECK(!c.routes[0].wanted.audience);
    CHECK(c.routes[0].max_age == outlast::forever);
    CHECK(c.rechecks_per_second == 10);
    CHECK(c.introspector.stale_ledger.keep_tokens);
    CHECK(c.introspector.stale_ledger.capacity == 4096);
    CHECK(c.canary_every == 5s);
    CHECK(c.transport.max_connections == 64); // gateway.toml says so
    CHECK(c.transport.max_connections_per_origin == 64);
}

TEST_CASE("gateway configuration: without re-checks no token is kept for them") {
    const auto c = read_configuration(
        std::string{least} + "[recheck]\nper_second = 0\n[canary]\nevery = \"0s\"\n", "g.toml");
    CHECK(c.rechecks_per_second == 0);
    CHECK_FALSE(c.introspector.stale_ledger.keep_tokens);
    CHECK(c.canary_every == 0s);
}

TEST_CASE("gateway configuration: everything that can be set") {
    const written secret{"secret", "s3cr3t\r\n"};
    const written certificate{"certificate", ec_certificate};
    const written key{"key", ec_key};
    const auto c = read_configuration(R"(
host = "::1"
port = 1
admin_port = 2
realm = "orders"
drain = "2s"
claims = ["tenant"]
[server]
endpoints = ["https://a.example/i", "https://b.example/i"]
order = "round_robin"
client_auth = "post"
client_id = "me"
client_secret_file = ")" + secret.path.string() +
                                          R"("
attempt_timeout = "700ms"
overall_timeout = "1s"
connect_timeout = "300ms"
max_connections = 7
allow_plain_http = true
ca_file = ")" + certificate.path.string() +
                                          R"("
client_certificate = ")" + certificate.path.string() +
                                          R"("
client_key = ")" + key.path.string() + R"("
[cache]
fresh_for = "1min"
fresh_for_without_exp = "2s"
stale_for = "12h"
negative_for = "3s"
stale_wait = "4ms"
stale_on_fault = true
tokens = 5
negative_tokens = 6
[breaker]
failure_percent = 25
window = 8
minimum_calls = 4
open_for = "9s"
probes = 3
fault_pause = "11s"
[admission]
unknown = 3
known = 4
queue = 5
wait = "6ms"
[recheck]
per_second = 7
tokens = 8
[canary]
every = "9s"
[[route]]
path = "/auth"
[[route]]
path = "/auth/orders"
audience = "orders"
issuer = "https://idp.example"
scopes = ["orders.read", "orders.write"]
max_age = "0s"
)",
                                      "g.toml");
    CHECK(c.host == "::1");
    CHECK(c.port == 1);
    CHECK(c.admin_port == 2);
    CHECK(c.drain == 2s);
    CHECK(c.claims == std::vector<std::string>{"tenant"});
    const auto& o = c.introspector;
    CHECK(o.reading.keep == c.claims);
    CHECK(o.realm == "orders");
    CHECK(o.order == oauth2::endpoint_order::round_robin);
    REQUIRE(std::holds_alternative<oauth2::client_secret_post>(o.auth));
    CHECK(std::get<oauth2::client_secret_post>(o.auth).id == "me");
    CHECK(std::get<oauth2::client_secret_post>(o.auth).password == oauth2::secret{"s3cr3t"});
    CHECK(o.attempt_timeout == 700ms);
    CHECK(o.overall_timeout == 1s);
    CHECK(c.transport.connect_timeout == 300ms);
    CHECK(c.transport.max_connections == 7);
    CHECK(c.transport.allow_plain_http);
    CHECK(c.transport.tls.ca_file == certificate.path.string());
    CHECK(c.transport.tls.client_certificate == certificate.path.string());
    CHECK(c.transport.tls.client_key == key.path.string());
    CHECK(o.lifetimes.fresh_for == 1min);
    CHECK(o.lifetimes.fresh_for_without_exp == 2s);
    CHECK(o.lifetimes.stale_for == 12h);
    CHECK(o.lifetimes.negative_for == 3s);
    CHECK(o.stale_wait == 4ms);
    CHECK(o.stale_on_fault);
    CHECK(o.cache.capacity == 5);
    CHECK(o.cache.negative_capacity == 6);
    CHECK(o.breaker.failure_ratio == outlast::ratio::of(0.25));
    CHECK(o.breaker.window.calls == 8);
    CHECK(o.breaker.minimum_calls == 4);
    CHECK(o.breaker.probes == 3);
    CHECK(o.fault_pause == 11s);
    CHECK(o.admission.permits == 3);
    CHECK(o.admission.spare_permits == 4);
    CHECK(o.admission.queue == 5);
    CHECK(o.admission.wait == 6ms);
    CHECK(c.rechecks_per_second == 7);
    CHECK(o.stale_ledger.capacity == 8);
    CHECK(o.stale_ledger.keep_tokens);
    CHECK(c.canary_every == 9s);
    REQUIRE(c.routes.size() == 2);
    CHECK(c.routes[0].path == "/auth/orders"); // the longest first
    CHECK(c.routes[0].wanted.audience == "orders");
    CHECK(c.routes[0].wanted.issuer == "https://idp.example");
    CHECK(c.routes[0].wanted.scopes.size() == 2);
    CHECK(c.routes[0].max_age == 0s);
}

TEST_CASE("gateway configuration: the issuer alone, whose metadata tell the endpoint") {
    const auto c = read_configuration(R"([server]
issuer = "https://idp.example"
client_auth = "none"
attempt_timeout = "1s"
[[route]]
path = "/auth"
)",
                                      "g.toml");
    REQUIRE(c.introspector.discover);
    CHECK(c.introspector.discover->issuer == "https://idp.example");
    CHECK(c.introspector.endpoints.empty());
    CHECK(c.introspector.problem() == nullptr);
}

TEST_CASE("gateway configuration: client authentication by a private key") {
    const auto file = std::filesystem::temp_directory_path() / "outlast-gateway-config-key.pem";
    const auto with = [&](std::string_view pem, std::string_view more) {
        std::ofstream{file} << pem;
        return "[server]\nissuer = \"https://idp.example\"\nclient_id = \"gw\"\n"
               "client_auth = \"private_key_jwt\"\nassertion_key_file = \"" +
               file.string() + "\"\n" + std::string{more} + "[[route]]\npath = \"/auth\"\n";
    };
    const auto c = read_configuration(with(ec_key, "assertion_key_id = \"k1\"\n"), "g.toml");
    const auto* const by = std::get_if<oauth2::client_credentials_maker>(&c.introspector.auth);
    REQUIRE(by != nullptr);
    CHECK(by->id == "gw");
    const auto made = by->make();
    REQUIRE(made);
    REQUIRE(made->parameters.size() == 2);
    CHECK(made->parameters[1].name == "client_assertion");
    CHECK(made->parameters[1].value.expose().starts_with("eyJ"));

    CHECK_THAT(complaint(with("no key", "")),
               Catch::Matchers::ContainsSubstring("holds no RSA or EC private key in PEM"));
    CHECK_THAT(complaint(with(ec_key, "assertion_algorithm = \"HS256\"\n")),
               Catch::Matchers::ContainsSubstring("g.toml:6: assertion_algorithm is as"));
    std::filesystem::remove(file);
}

TEST_CASE("gateway configuration: what is wrong is said with its line") {
    struct wrong {
        std::string text, said;
    };
    const std::string good{least};
    const auto w = GENERATE_COPY(values<wrong>({
        {"port = \n" + good, "g.toml:1: "},
        {"prot = 1\n" + good, "g.toml:1: there is no setting prot"},
        {"\nport = 70000\n" + good, "g.toml:2: port is between 0 and 65535"},
        {"drain = 5\n" + good, "g.toml:1: drain is a text in quotes"},
        {"drain = \"5\"\n" + good, "g.toml:1: drain is a time as \"500ms\""},
        {"drain = \"-5s\"\n" + good, "g.toml:1: drain is a time as \"500ms\""},
        {"drain = \"577h\"\n" + good, "g.toml:1: drain is \"576h\" (24 days) or less"},
        {"drain = \"99999999999h\"\n" + good, "g.toml:1: drain is \"576h\""},
        {"drain = \"99999999999999999999ms\"\n" + good, "g.toml:1: drain is \"576h\""},
        {"claims = [\"jti\", \"sub\"]\n" + good,
         "g.toml:1: sub is handed on anyway, as X-Auth-Subject"},
        {"claims = [\"exp\"]\n" + good, "g.toml:1: exp is handed on anyway, as X-Auth-Expires"},
        {"claims = [\"cnf\"]\n" + good, "g.toml:1: cnf is for the gateway"},
        {"claims = [\"a b\"]\n" + good, "g.toml:1: a claim that becomes a header"},
        {"realm = \"a\\nb\"\n" + good, "g.toml:1: realm is printable ASCII"},
        {"host = \"localhost\"\n" + good, "g.toml:1: host is an address"},
        {"claims = [\"a_b\", \"a-b\"]\n" + good,
         "g.toml:1: two claims would be one header: X-Auth-Claim-A-B"},
        {"[server]\nendpoints = [\"://\"]\n", "g.toml:2: an endpoint begins with https://"},
        {"[server]\nendpoints = [\"https://a.example/\\r\\nx\"]\n",
         "g.toml:2: an endpoint begins with https://"},
        {good + "[[route]]\npath = \"/a/../b\"\n", "g.toml:7: a route has a path"},
        {"[server]\nendpoints = [\"https://a.example/\"]\nclient_auth = "
         "\"none\"\nclient_secret_env = \"PATH\"\n",
         "g.toml:3: client_auth \"none\" sends no secret"},
        {"server = 1\n", "g.toml:1: server is a section: [server]"},
        {"", "g.toml:1: there is no [server]"},
        {"[server]\n", "g.toml:1: server.endpoints is a list of at least one URL"},
        {"[server]\nendpoints = \"x\"\n", "g.toml:2: server.endpoints is a list"},
        {"[server]\nendpoints = [1]\n", "g.toml:2: server.endpoints has something that is no text"},
        {"[server]\nendpoints = [\"https://a.example/\"]\nclient_auth = \"jwt\"\nclient_id = "
         "\"i\"\n"
         "client_secret_env = \"PATH\"\n",
         "g.toml:3: client_auth is \"basic\""},
        {"[server]\nendpoints = [\"https://a.example/\"]\nclient_id = \"i\"\n",
         "g.toml:1: client_auth \"basic\" needs a secret"},
        {"[server]\nendpoints = [\"https://a.example/\"]\nclient_secret_env = "
         "\"OUTLAST_NOT_SET\"\n",
         "g.toml:3: the environment has no variable of this name"},
        {"[server]\nendpoints = [\"https://a.example/\"]\nclient_secret_file = \"/nowhere/x\"\n",
         "g.toml:3: cannot read /nowhere/x"},
        {"[server]\nendpoints = [\"https://a.example/\"]\nclient_secret_file = \"/dev\"\n",
         "g.toml:3: cannot read /dev"},
        {"[server]\nendpoints = [\"https://a.example/\"]\nclient_secret_file = \"/dev/zero\"\n",
         "g.toml:3: /dev/zero is larger than 1 MiB"},
        {"[server]\nendpoints = [\"https://a.example/\"]\nclient_auth = \"none\"\nca_file = "
         "\"/nowhere/ca\"\n",
         "g.toml:4: cannot read /nowhere/ca"},
        {"[server]\nendpoints = [\"https://a.example/\"]\nclient_auth = \"none\"\nclient_key = "
         "\"/dev/null\"\n",
         "g.toml:4: client_certificate and client_key go together"},
        {"[server]\nendpoints = [\"https://a.example/\"]\nclient_secret_file = "
         "\"x\"\nclient_secret_env = \"y\"\n",
         "g.toml:4: the secret stands in"},
        {good + "[cache]\nfresh = \"1s\"\n", "g.toml:7: there is no setting cache.fresh"},
        {good + "[cache]\ntokens = \"5\"\n", "g.toml:7: cache.tokens is a whole number"},
        {good + "[breaker]\nfailure_percent = 0\n",
         "g.toml:7: breaker.failure_percent is between 1 and 100"},
        {good + "[admission]\nqueue = 0\n",
         "g.toml:6: [admission] bulkhead: queue says how many calls may wait"},
        {good + "[breaker]\nprobes = 1\nwindow = 5\n",
         "g.toml:6: [breaker] circuit breaker: minimum_calls is larger than the window"},
        {good + "[cache]\nstale_for = \"577h\"\n", "g.toml:7: cache.stale_for is \"576h\""},
        {good + "[admission]\nknown = 33\n", "g.toml:7: server.max_connections (64) is less than"},
        {"[server]\nendpoints = [\"https://a.example/\"]\nclient_auth = \"none\"\n"
         "max_connections = 63\n[[route]]\npath = \"/\"\n",
         "g.toml:4: server.max_connections (63) is less than admission.unknown and admission.known "
         "together (64)"},
        {"[server]\nendpoints = [\"https://a.example/\"]\nclient_auth = \"none\"\n"
         "attempt_timeout = \"9s\"\n",
         "g.toml:1: [server] introspector: one attempt may take longer"},
        {"[server]\nendpoints = [\"https://a.example/\"]\nclient_auth = \"none\"\n"
         "connect_timeout = \"0s\"\n",
         "g.toml:4: server.connect_timeout is \"1ms\" or more"},
        {"[server]\nendpoints = [\"https://a.example/\"]\nclient_secret = \"t0p-s3cr3t\"\n",
         "g.toml:3: there is no setting server.client_secret, so that no secret stands here: write "
         "it into a file (client_secret_file)"},
        {"[server]\nendpoints = [\"https://a.example/\"]\nclient_auth = \"none\"\nca_file = "
         "\"/dev/null\"\n",
         "g.toml:4: ca_file: /dev/null holds no certificates in PEM"},
        {good + "[recheck]\nper_second = 1001\n",
         "g.toml:7: recheck.per_second is between 0 and 1000"},
        {good + "[recheck]\ntokens = 0\n", "g.toml:7: recheck.tokens is between 1 and 1000000"},
        {good + "[recheck]\nevery = \"1s\"\n", "g.toml:7: there is no setting recheck.every"},
        {good + "[canary]\nevery = \"1ms\"\n", "g.toml:7: canary.every is \"100ms\" or more"},
        {good + "[canary]\nevery = 5\n", "g.toml:7: canary.every is a text in quotes"},
        {good + "[canary]\n\ntoken = \"x\"\n", "g.toml:8: there is no setting canary.token"},
        {good + "[[route]]\npath = \"/auth\"\n", "g.toml:6: there are two routes /auth"},
        {good + "[[route]]\npath = \"auth\"\n", "g.toml:7: a route has a path"},
        {good + "[[route]]\npath = \"/x\"\nscopes = [\"a b\"]\n",
         "g.toml:8: a required scope is not one scope name"},
        {good + "[[route]]\npath = \"/x\"\nscope = [\"a\"]\n",
         "g.toml:8: there is no setting route.scope"},
        {good.substr(0, good.find("[[route]]")), "g.toml:1: there is no [[route]]"},
        {good.substr(0, good.find("[[route]]")) + "[route]\npath = \"/x\"\n",
         "g.toml:4: routes are written [[route]]"},
    }));
    CAPTURE(w.text);
    const std::string said = complaint(w.text);
    CAPTURE(said);
    CHECK(said.starts_with(w.said));
}

TEST_CASE("gateway configuration: a secret is in no message") {
    ::setenv("OUTLAST_GATEWAY_SECRET", "t0p-s3cr3t", 1);
    const std::string said =
        complaint("[server]\nendpoints = [\"https://a.example/\"]\nclient_auth = \"other\"\n"
                  "client_id = \"i\"\nclient_secret_env = \"OUTLAST_GATEWAY_SECRET\"\n");
    CHECK(said.find("t0p") == said.npos);
    CHECK(said.starts_with("g.toml:3: "));
}

TEST_CASE("gateway configuration: a password in a URL is in no message") {
    const auto line =
        GENERATE(values<std::string>({"endpoints = [\"https://me:t0p-s3cr3t@a.example/\"]",
                                      "issuer = \"https://me:t0p-s3cr3t@a.example\"",
                                      "endpoints = [\"https://t0p-s3cr3t@a.example/\"]"}));
    const std::string said = complaint("[server]\n" + line + "\nclient_auth = \"none\"\n");
    CAPTURE(said);
    CHECK(said.starts_with("g.toml:2: https://a.example"));
    CHECK(said.find("a URL has no user and password here") != said.npos);
    CHECK(said.find("t0p") == said.npos);
}

TEST_CASE("gateway configuration: files for TLS that are none") {
    const written certificate{"certificate", ec_certificate}, key{"key", ec_key};
    const written junk{"junk", "no PEM\n"}, other{"other", other_key};
    const auto with = [](const written& of_us, const written& to_it) {
        return complaint("[server]\nendpoints = [\"https://a.example/\"]\nclient_auth = \"none\"\n"
                         "client_certificate = \"" +
                         of_us.path.string() + "\"\nclient_key = \"" + to_it.path.string() +
                         "\"\n[[route]]\npath = \"/\"\n");
    };
    CHECK(with(certificate, key) == "none");
    CHECK(with(junk, key) ==
          "g.toml:4: client_certificate: " + junk.path.string() + " holds no certificate in PEM");
    for (const written* const bad : {&junk, &other, &certificate})
        CHECK(with(certificate, *bad) ==
              "g.toml:5: client_key: " + bad->path.string() +
                  " holds no private key in PEM, without a password, that belongs to "
                  "client_certificate");
}

TEST_CASE("gateway configuration: a file that is not there") {
    CHECK_THROWS_WITH(gateway::read_configuration_file("/nowhere/g.toml"),
                      "cannot read /nowhere/g.toml");
    CHECK_THROWS_WITH(gateway::read_configuration_file("/dev/zero"),
                      "/dev/zero is larger than 1 MiB");
}
