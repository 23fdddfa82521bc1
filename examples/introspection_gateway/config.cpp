// SPDX-License-Identifier: BSL-1.0
#include "config.hpp"

#include <outlast/http/message.hpp>
#include <outlast/http/tls_context.hpp>
#include <outlast/oauth2/answer.hpp>
#include <outlast/oauth2/jose/pem_key.hpp>
#include <outlast/oauth2/jose/private_key_jwt.hpp>

#include "identity.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>

#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <set>
#include <utility>

namespace gateway {

namespace {

namespace oauth2 = outlast::oauth2;

/// A table of the file, which notes what was asked for: what is left over is a typing error.
class section {
public:
    section(const toml::table& values, std::string path, const std::string& file)
        : values_(values), path_(std::move(path)), file_(file) {}

    [[noreturn]] void wrong(const toml::node& at, const std::string& what) const {
        throw bad_configuration{file_ + ':' + std::to_string(at.source().begin.line) + ": " + what};
    }
    [[noreturn]] void wrong_key(std::string_view key, const std::string& what) const {
        const toml::node* const at = values_.get(key);
        wrong(at != nullptr ? *at : static_cast<const toml::node&>(values_), what);
    }
    /// What a library says of all that stands in this section.
    void sound(const char* problem) const {
        if (problem != nullptr)
            wrong(values_, '[' + path_ + "] " + problem);
    }
    [[nodiscard]] bool has(std::string_view key) const { return values_.contains(key); }

    [[nodiscard]] const toml::node* find(std::string_view key) {
        asked_.emplace(key);
        return values_.get(key);
    }
    template <class T>
    [[nodiscard]] std::optional<T> get(std::string_view key, const char* is) {
        const toml::node* const n = find(key);
        if (n == nullptr)
            return std::nullopt;
        const auto value = n->value_exact<T>();
        if (!value)
            wrong(*n, named(key) + " is " + is);
        return value;
    }
    [[nodiscard]] std::optional<std::string> text(std::string_view key) {
        return get<std::string>(key, "a text in quotes");
    }
    void flag(std::string_view key, bool& into) {
        if (const auto value = get<bool>(key, "true or false"))
            into = *value;
    }
    template <class Number>
    void number(std::string_view key, Number& into, std::int64_t least, std::int64_t most) {
        const auto value = get<std::int64_t>(key, "a whole number");
        if (!value)
            return;
        if (*value < least || *value > most)
            wrong_key(key, named(key) + " is between " + std::to_string(least) + " and " +
                               std::to_string(most));
        into = static_cast<Number>(*value);
    }
    template <class Span>
    void span(std::string_view key, Span& into) {
        const auto value = text(key);
        if (!value)
            return;
        const auto read = duration_in(*value);
        if (!read)
            wrong_key(key, named(key) + R"( is a time as "500ms", "2s", "5min" or "12h")");
        if (*read > longest)
            wrong_key(key, named(key) + R"( is "576h" (24 days) or less)");
        into = std::chrono::duration_cast<Span>(*read);
    }
    [[nodiscard]] std::vector<std::string> texts(std::string_view key) {
        std::vector<std::string> all;
        const toml::node* const n = find(key);
        if (n == nullptr)
            return all;
        const toml::array* const list = n->as_array();
        if (list == nullptr)
            wrong(*n, named(key) + R"( is a list, as ["a", "b"])");
        for (const toml::node& one : *list) {
            const auto value = one.value_exact<std::string>();
            if (!value)
                wrong(one, named(key) + " has something that is no text in quotes");
            all.push_back(*value);
        }
        return all;
    }

    /// To be called once everything was asked for.
    void nothing_else() const {
        for (const auto& [key, value] : values_)
            if (!asked_.contains(std::string{key.str()}))
                wrong(value, "there is no setting " + named(key.str()));
    }
    [[nodiscard]] std::string named(std::string_view key) const {
        return path_.empty() ? std::string{key} : path_ + '.' + std::string{key};
    }

private:
    static constexpr outlast::duration longest = std::chrono::hours{24 * 24};

    /// \return what is longer than `longest` is just that, and need not be exact
    static std::optional<outlast::duration> duration_in(std::string_view written) {
        using namespace std::chrono;
        std::int64_t n = 0;
        const auto [end, error] =
            std::from_chars(written.data(), written.data() + written.size(), n);
        const bool too_large = error == std::errc::result_out_of_range && !written.starts_with('-');
        if ((error != std::errc{} && !too_large) || n < 0)
            return std::nullopt;
        const std::string_view unit{end, written.data() + written.size()};
        for (const auto& [name, span] :
             {std::pair<std::string_view, outlast::duration>{"ms", milliseconds{1}},
              {"s", seconds{1}},
              {"min", minutes{1}},
              {"h", hours{1}}})
            if (unit == name)
                return too_large || n > longest / span ? longest + span : n * span;
        return std::nullopt;
    }

    const toml::table& values_;
    std::string path_;
    const std::string& file_;
    std::set<std::string, std::less<>> asked_{};
};

/// The whole of a file, which may be a pipe; `refuse` is told what is wrong with it, and throws. No more than a
/// mebibyte: /dev/zero has no end.
std::string content_of(const std::string& path, const auto& refuse) {
    constexpr std::size_t most = 1 << 20;
    std::ifstream file{path, std::ios::binary};
    if (!file)
        refuse("cannot read " + path);
    std::string text(most + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (file.bad() || (file.gcount() == 0 && !file.eof())) // a folder can be opened
        refuse("cannot read " + path);
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > most)
        refuse(path + " is larger than 1 MiB");
    return text;
}
std::string content_of(section& of, std::string_view key, const std::string& path) {
    return content_of(path, [&](const std::string& why) { of.wrong_key(key, why); });
}

/// From a file, or the environment; without the line's end, which editors add.
oauth2::secret secret_in(section& server) {
    if (server.find("client_secret") != nullptr)
        server.wrong_key("client_secret",
                         "there is no setting server.client_secret, so that no secret stands here: "
                         "write it into a file (client_secret_file) or into the environment "
                         "(client_secret_env)");
    const auto file = server.text("client_secret_file");
    const auto variable = server.text("client_secret_env");
    if (file && variable)
        server.wrong_key(
            "client_secret_env",
            "the secret stands in client_secret_file or in client_secret_env, not in both");
    std::string read;
    if (file) {
        read = content_of(server, "client_secret_file", *file);
        while (!read.empty() && (read.back() == '\n' || read.back() == '\r'))
            read.pop_back();
    } else if (variable) {
        const char* const value = std::getenv(variable->c_str());
        if (value == nullptr)
            server.wrong_key("client_secret_env", "the environment has no variable of this name");
        read = value;
    }
    return oauth2::secret::take(read);
}

/// By a private key, which never leaves this process: it signs (RFC 7523).
oauth2::client_auth signed_auth_in(section& server, std::string id, const std::string& issuer) {
    const auto file = server.text("assertion_key_file");
    if (!file)
        server.wrong_key("client_auth",
                         "client_auth \"private_key_jwt\" needs assertion_key_file, a key in PEM");
    std::string pem = content_of(server, "assertion_key_file", *file);
    const oauth2::secret text = oauth2::secret::take(pem);
    const auto jwk =
        oauth2::jose::jwk_of_pem(text.expose(), server.text("assertion_key_id").value_or(""));
    const auto name = server.text("assertion_algorithm");
    const auto algorithm =
        name ? oauth2::jose::algorithm_named(*name) : std::optional<oauth2::jose::algorithm>{};
    if (name && !algorithm)
        server.wrong_key("assertion_algorithm", R"(assertion_algorithm is as "ES256" or "PS256")");
    auto key = jwk ? oauth2::jose::signing_key::from_json(jwk.assume_value().expose(), algorithm)
                   : oauth2::jose::result<oauth2::jose::signing_key>{jwk.error()};
    if (!key)
        server.wrong_key(
            "assertion_key_file",
            *file +
                " holds no RSA or EC private key in PEM, without a password, that is good "
                "for signing: " +
                key.error().message());
    const std::string audience = server.text("assertion_audience").value_or(issuer);
    if (audience.empty())
        server.wrong_key("client_auth",
                         "client_auth \"private_key_jwt\" needs assertion_audience (the "
                         "server's issuer, or the URL of its token endpoint)");
    return oauth2::jose::private_key_jwt(std::move(key).assume_value(),
                                         {.client_id = std::move(id), .audience = audience});
}

oauth2::client_auth auth_in(section& server, const std::string& issuer) {
    const std::string how = server.text("client_auth").value_or("basic");
    std::string id = server.text("client_id").value_or("");
    oauth2::secret password = secret_in(server);
    const auto need = [&](bool there, const char* what) {
        if (!there)
            server.wrong_key("client_auth", "client_auth \"" + how + "\" needs " + what);
    };
    if (how == "none" && !password.empty())
        server.wrong_key("client_auth", "client_auth \"none\" sends no secret, and there is one");
    if (how == "none")
        return oauth2::no_client_auth{std::move(id)};
    need(!id.empty(), "client_id");
    const bool has_secret = server.text("client_secret_file").has_value() ||
                            server.text("client_secret_env").has_value();
    if (how == "private_key_jwt") {
        if (has_secret)
            server.wrong_key("client_auth",
                             "client_auth \"private_key_jwt\" sends no secret, and there is one");
        return signed_auth_in(server, std::move(id), issuer);
    }
    if (has_secret && password.empty())
        server.wrong_key(server.text("client_secret_file") ? "client_secret_file"
                                                           : "client_secret_env",
                         "the secret is empty");
    need(!password.empty(), "a secret: client_secret_file or client_secret_env");
    if (how == "basic")
        return oauth2::client_secret_basic{std::move(id), std::move(password)};
    if (how == "post")
        return oauth2::client_secret_post{std::move(id), std::move(password)};
    if (how == "bearer")
        return oauth2::client_bearer{std::move(id), std::move(password)};
    server.wrong_key("client_auth",
                     R"(client_auth is "basic", "post", "private_key_jwt", "bearer" or "none")");
}

/// And whether they are what they should be.
void read_tls_files(section& server, outlast::http::tls_options& tls) {
    for (const auto& [key, into] : {std::pair{"ca_file", &tls.ca_file},
                                    {"client_certificate", &tls.client_certificate},
                                    {"client_key", &tls.client_key}}) {
        *into = server.text(key).value_or("");
        if (!into->empty())
            (void)content_of(server, key, *into);
    }
    if (tls.client_certificate.empty() != tls.client_key.empty())
        server.wrong_key(tls.client_key.empty() ? "client_certificate" : "client_key",
                         "client_certificate and client_key go together");
    if (!tls.ca_file.empty() && !outlast::http::make_tls_context({.ca_file = tls.ca_file}))
        server.wrong_key("ca_file", "ca_file: " + tls.ca_file + " holds no certificates in PEM");
    if (tls.client_certificate.empty())
        return;
    boost::asio::ssl::context chain{boost::asio::ssl::context::tls_client};
    boost::system::error_code unusable;
    chain.use_certificate_chain_file(tls.client_certificate, unusable);
    if (unusable)
        server.wrong_key("client_certificate", "client_certificate: " + tls.client_certificate +
                                                   " holds no certificate in PEM");
    if (!outlast::http::make_tls_context(tls))
        server.wrong_key("client_key", "client_key: " + tls.client_key +
                                           " holds no private key in PEM, without a password, that "
                                           "belongs to client_certificate");
}

/// A URL with a secret in it is shown to nobody.
void refuse_user_and_password(section& server, std::string_view key, const std::string& url) {
    if (url.find('@') != url.npos)
        server.wrong_key(key, outlast::http::shown_url(url) +
                                  ": a URL has no user and password here (no '@'): they are "
                                  "client_id and what client_secret_file holds");
}

void read_server(section server, configuration& c) {
    auto& o = c.introspector;
    o.endpoints = server.texts("endpoints");
    const std::string issuer = server.text("issuer").value_or("");
    if (!issuer.empty() && !o.endpoints.empty())
        server.wrong_key("issuer",
                         "either the endpoints stand here or the issuer, whose metadata tell "
                         "the endpoint, not both");
    if (issuer.empty() && o.endpoints.empty())
        server.wrong_key(
            "endpoints",
            R"(server.endpoints is a list of at least one URL, as ["https://idp.example/introspect"]; )"
            R"(or server.issuer has the issuer, whose metadata tell it)");
    refuse_user_and_password(server, "issuer", issuer);
    for (const std::string& endpoint : o.endpoints) {
        refuse_user_and_password(server, "endpoints", endpoint);
        if (!(endpoint.starts_with("https://") || endpoint.starts_with("http://")) ||
            !std::ranges::all_of(endpoint, [](char b) { return b > ' ' && b <= '~'; }))
            server.wrong_key("endpoints",
                             "an endpoint begins with https:// (or http://, on loopback)");
    }
    const std::string order = server.text("order").value_or("preference");
    if (order != "preference" && order != "round_robin")
        server.wrong_key("order", R"(server.order is "preference" or "round_robin")");
    o.order = order == "preference" ? oauth2::endpoint_order::preference
                                    : oauth2::endpoint_order::round_robin;
    o.auth = auth_in(server, issuer);
    server.span("attempt_timeout", o.attempt_timeout);
    server.span("overall_timeout", o.overall_timeout);
    server.span("connect_timeout", c.transport.connect_timeout);
    server.number("max_connections", c.transport.max_connections, 1, 10'000);
    c.transport.max_connections_per_origin = c.transport.max_connections;
    if (!is_usable(c.transport))
        server.wrong_key("connect_timeout", R"(server.connect_timeout is "1ms" or more)");
    server.flag("allow_plain_http", c.transport.allow_plain_http);
    for (const std::string& endpoint : o.endpoints)
        if (!outlast::http::read_url(endpoint, c.transport.allow_plain_http))
            server.wrong_key(
                "endpoints",
                outlast::http::shown_url(endpoint) +
                    (outlast::http::read_url(endpoint, true)
                         ? ": over plain http whoever is on the way reads tokens: use https, or "
                           "allow_plain_http"
                         : ": that is no URL"));
    if (!issuer.empty()) {
        o.discover.emplace();
        o.discover->issuer = issuer;
        o.discover->allow_plain_http = c.transport.allow_plain_http;
        o.discover->overall_timeout =
            o.attempt_timeout * 3 / 4; // it is a part of the first attempt
        o.discover->attempt_timeout = o.attempt_timeout / 2;
        if (const char* p = o.discover->problem())
            server.wrong_key("issuer", p);
    }
    read_tls_files(server, c.transport.tls);
    server.nothing_else();
    server.sound(o.problem());
}

void read_cache(section cache, oauth2::introspector_options& o) {
    cache.span("fresh_for", o.lifetimes.fresh_for);
    cache.span("fresh_for_without_exp", o.lifetimes.fresh_for_without_exp);
    cache.span("stale_for", o.lifetimes.stale_for);
    cache.span("negative_for", o.lifetimes.negative_for);
    cache.span("stale_wait", o.stale_wait);
    cache.flag("stale_on_fault", o.stale_on_fault);
    cache.number("tokens", o.cache.capacity, 1, 100'000'000);
    cache.number("negative_tokens", o.cache.negative_capacity, 1, 100'000'000);
    cache.nothing_else();
    cache.sound(o.problem());
}

void read_breaker(section breaker, oauth2::introspector_options& o) {
    int percent = 50, window = 20;
    breaker.number("failure_percent", percent, 1, 100);
    breaker.number("window", window, 1, 10'000);
    o.breaker.failure_ratio = outlast::ratio::of(percent / 100.0);
    o.breaker.window = window;
    breaker.number("minimum_calls", o.breaker.minimum_calls, 1, 10'000);
    breaker.number("probes", o.breaker.probes, 1, 100);
    outlast::duration open_for = std::chrono::seconds{10};
    breaker.span("open_for", open_for);
    o.breaker.open_for = open_for;
    breaker.span("fault_pause", o.fault_pause);
    breaker.nothing_else();
    breaker.sound(o.problem());
}

void read_admission(section admission, oauth2::introspector_options& o) {
    admission.number("unknown", o.admission.permits, 1, 10'000);
    admission.number("known", o.admission.spare_permits, 1, 10'000);
    admission.number("queue", o.admission.queue, 0, 1'000'000);
    admission.span("wait", o.admission.wait);
    admission.nothing_else();
    admission.sound(o.problem());
}

/// Calls that are let through and find no connection would wait for one until their time is over, and so open the
/// breaker of a healthy server.
void check_connections(const section& server,
                       const std::optional<section>& admission,
                       const configuration& c) {
    const auto& calls = c.introspector.admission;
    if (c.transport.max_connections >= calls.permits + calls.spare_permits)
        return;
    const std::string sentence = "server.max_connections (" +
                                 std::to_string(c.transport.max_connections) +
                                 ") is less than admission.unknown and admission.known together (" +
                                 std::to_string(calls.permits + calls.spare_permits) +
                                 "): calls would wait for a connection until they time out";
    if (admission && !server.has("max_connections"))
        admission->wrong_key(admission->has("unknown") ? "unknown" : "known", sentence);
    server.wrong_key("max_connections", sentence);
}

/// Those that have a header of their own, or are none to hand on.
void refuse_own_claim(const section& top, const std::string& claim) {
    for (const auto& [name, header] : {std::pair<std::string_view, const char*>{"sub", "Subject"},
                                       {"client_id", "Client"},
                                       {"username", "Username"},
                                       {"iss", "Issuer"},
                                       {"aud", "Audience"},
                                       {"scope", "Scope"},
                                       {"exp", "Expires"}})
        if (claim == name)
            top.wrong_key("claims", claim + " is handed on anyway, as X-Auth-" + header);
    if (claim == "active" || claim == "cnf" || claim == "error")
        top.wrong_key("claims", claim + " is for the gateway, and is not handed on");
}

void read_recheck(section recheck, configuration& c) {
    recheck.number("per_second", c.rechecks_per_second, 0, 1000);
    recheck.number("tokens", c.introspector.stale_ledger.capacity, 1, 1'000'000);
    recheck.nothing_else();
    recheck.sound(c.introspector.problem());
}

void read_canary(section canary, configuration& c) {
    canary.span("every", c.canary_every);
    if (c.canary_every != outlast::duration::zero() &&
        c.canary_every < std::chrono::milliseconds{100})
        canary.wrong_key("every", R"(canary.every is "100ms" or more, or "0s" for none)");
    canary.nothing_else();
}

route route_in(section one) {
    route r;
    r.path = one.text("path").value_or("");
    if (!r.path.starts_with('/') || (r.path.size() > 1 && r.path.ends_with('/')) ||
        is_ambiguous(r.path) || r.path.find_first_of("? ") != r.path.npos)
        one.wrong_key("path", R"(a route has a path as "/auth/orders")");
    r.wanted.audience = one.text("audience");
    r.wanted.issuer = one.text("issuer");
    r.wanted.scopes = one.texts("scopes");
    one.span("max_age", r.max_age);
    one.nothing_else();
    if (const auto problem = oauth2::problem_of(r.wanted); !problem.empty())
        one.wrong_key("scopes", std::string{problem});
    return r;
}

} // namespace

bool is_ambiguous(std::string_view path) {
    if (!path.starts_with('/') || path.find_first_of("\\%;#") != path.npos ||
        path.find("//") != path.npos)
        return true;
    return path.find("/./") != path.npos || path.find("/../") != path.npos ||
           path.ends_with("/.") || path.ends_with("/..");
}

configuration read_configuration(std::string_view text, const std::string& name) {
    toml::table file;
    try {
        file = toml::parse(text, name);
    } catch (const toml::parse_error& e) {
        throw bad_configuration{name + ':' + std::to_string(e.source().begin.line) + ": " +
                                std::string{e.description()}};
    }
    configuration c;
    section top{file, "", name};
    const auto sub = [&](std::string_view key) -> std::optional<section> {
        const toml::node* const n = top.find(key);
        if (n == nullptr)
            return std::nullopt;
        if (!n->is_table())
            top.wrong(*n, std::string{key} + " is a section: [" + std::string{key} + ']');
        return section{*n->as_table(), std::string{key}, name};
    };
    if (auto host = top.text("host"))
        c.host = std::move(*host);
    boost::system::error_code no_address;
    (void)boost::asio::ip::make_address(c.host, no_address);
    if (no_address)
        top.wrong_key("host", "host is an address, as \"127.0.0.1\" or \"::1\"");
    top.number("port", c.port, 0, std::numeric_limits<std::uint16_t>::max());
    top.number("admin_port", c.admin_port, 0, std::numeric_limits<std::uint16_t>::max());
    if (c.port == c.admin_port && c.port != 0)
        top.wrong_key("admin_port", "port and admin_port are two ports");
    if (auto realm = top.text("realm"))
        c.introspector.realm = std::move(*realm);
    if (!oauth2::quoted::make(c.introspector.realm))
        top.wrong_key("realm", "realm is printable ASCII");
    top.span("drain", c.drain);
    c.claims = top.texts("claims");
    for (const std::string& claim : c.claims)
        if (claim.empty() || !std::ranges::all_of(claim, [](char b) {
                return (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || (b >= '0' && b <= '9') ||
                       b == '_' || b == '-';
            }))
            top.wrong_key("claims",
                          "a claim that becomes a header is made of letters, digits, '_' and '-'");
    std::set<std::string> names;
    for (const std::string& claim : c.claims) {
        refuse_own_claim(top, claim);
        if (!names.insert(header_name(claim)).second)
            top.wrong_key("claims", "two claims would be one header: " + header_name(claim));
    }
    c.introspector.reading.keep = c.claims;

    const auto server = sub("server");
    if (!server)
        throw bad_configuration{name + ":1: there is no [server]: whom to ask about tokens"};
    read_server(*server, c);
    if (auto cache = sub("cache"))
        read_cache(std::move(*cache), c.introspector);
    if (auto breaker = sub("breaker"))
        read_breaker(std::move(*breaker), c.introspector);
    const auto admission = sub("admission");
    if (admission)
        read_admission(*admission, c.introspector);
    check_connections(*server, admission, c);
    if (auto recheck = sub("recheck"))
        read_recheck(std::move(*recheck), c);
    c.introspector.stale_ledger.keep_tokens = c.rechecks_per_second != 0;
    if (auto canary = sub("canary"))
        read_canary(std::move(*canary), c);

    if (const toml::node* const routes = top.find("route")) {
        if (!routes->is_array_of_tables())
            top.wrong(*routes, "routes are written [[route]], with two brackets");
        for (const toml::node& one : *routes->as_array()) {
            c.routes.push_back(route_in({*one.as_table(), "route", name}));
            const auto same = [&](const route& r) { return r.path == c.routes.back().path; };
            if (std::ranges::count_if(c.routes, same) > 1)
                top.wrong(one, "there are two routes " + c.routes.back().path);
        }
    }
    top.nothing_else();
    if (c.routes.empty())
        throw bad_configuration{name + ":1: there is no [[route]]: nothing would be checked"};
    std::ranges::sort(c.routes, std::greater{}, [](const route& r) { return r.path.size(); });
    return c;
}

configuration read_configuration_file(const std::string& path) {
    return read_configuration(
        content_of(path, [](const std::string& why) { throw bad_configuration{why}; }), path);
}

} // namespace gateway
