// SPDX-License-Identifier: BSL-1.0
#include "authorization_server.hpp"

#include "form.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <random>
#include <system_error>

namespace rehearsal {

namespace json = boost::json;

namespace {

constexpr std::int64_t usual_lifetime = 3600;
constexpr const char* scope = "orders:read";
constexpr const char* audience = "orders";

std::int64_t seconds_now() {
    using namespace std::chrono;
    return duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
}

reply answer_json(int status, const json::object& body) {
    return {.status = status,
            .headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
            .body = json::serialize(body),
            .how = {}};
}

reply refuse(int status, const char* error) {
    reply out = answer_json(status, {{"error", error}});
    if (status == 401) {
        out.headers.emplace_back("WWW-Authenticate", "Basic realm=\"authorization server\"");
    }
    return out;
}

/// Free now, and below the ports from which this machine's own connections start: otherwise one
/// of those could take the port while the server is away, or connect to itself.
server_settings with_lasting_port(server_settings settings) {
    if (settings.port != 0) {
        return settings;
    }
    std::random_device random;
    std::uniform_int_distribution<std::uint16_t> ports{20000, 29999};
    for (int tries = 0;; ++tries) {
        settings.port = ports(random);
        try {
            const http_server trial{settings.port, [](const http_request&) { return reply{}; }};
            return settings;
        } catch (const std::system_error&) {
            if (tries == 50) {
                throw;
            }
        }
    }
}

} // namespace

authorization_server::authorization_server(const server_settings& settings)
    : settings_{with_lasting_port(settings)},
      tokens_{settings_.store},
      issuer_{"http://127.0.0.1:" + std::to_string(settings_.port)},
      http_{settings_.port, [this](const http_request& r) { return answer(r); }} {}

std::map<std::string, std::uint64_t> authorization_server::introspections() const {
    const std::scoped_lock lock{mutex_};
    return introspections_;
}

reply authorization_server::answer(const http_request& request) {
    const std::string client = authenticated(request.authorization);
    if (request.target == "/introspect" && !client.empty()) {
        const std::scoped_lock lock{mutex_};
        ++introspections_[client];
    }
    if (overloaded_) {
        return {.status = 503, .headers = {{"Retry-After", "1"}}, .body = {}, .how = {}};
    }
    if (request.target == "/.well-known/oauth-authorization-server") {
        return metadata();
    }
    const bool known = request.target == "/token" || request.target == "/introspect" ||
                       request.target == "/revoke";
    if (!known || request.method != "POST") {
        return refuse(known ? 405 : 404, "invalid_request");
    }
    if (client.empty()) {
        return refuse(401, "invalid_client");
    }
    if (request.target == "/token") {
        return issue(client, request.body);
    }
    return request.target == "/introspect" ? introspect(request.body)
                                           : revoke(client, request.body);
}

reply authorization_server::metadata() const {
    return answer_json(200, {{"issuer", issuer_},
                             {"token_endpoint", issuer_ + "/token"},
                             {"introspection_endpoint", issuer_ + "/introspect"},
                             {"revocation_endpoint", issuer_ + "/revoke"},
                             {"grant_types_supported", json::array{"client_credentials"}},
                             {"response_types_supported", json::array{}}});
}

reply authorization_server::issue(const std::string& client, const std::string& form) {
    if (form_field(form, "grant_type") != "client_credentials") {
        return refuse(400, "unsupported_grant_type");
    }
    // This server's own extension: the client says how long the token shall live.
    std::int64_t lifetime = usual_lifetime;
    if (const auto wanted = form_field(form, "lifetime")) {
        const char* end = wanted->data() + wanted->size();
        const auto [last, error] = std::from_chars(wanted->data(), end, lifetime);
        if (error != std::errc{} || last != end || lifetime < 1 || lifetime > 86400) {
            return refuse(400, "invalid_request");
        }
    }
    const std::string token = random_token();
    const auto now = seconds_now();
    tokens_.add(token, {client, now, now + lifetime, false});
    return answer_json(200, {{"access_token", token},
                             {"token_type", "Bearer"},
                             {"expires_in", lifetime},
                             {"scope", scope}});
}

reply authorization_server::introspect(const std::string& form) const {
    const auto token = form_field(form, "token");
    if (!token) {
        return refuse(400, "invalid_request");
    }
    const auto facts = tokens_.find(*token);
    if (!facts || facts->revoked || seconds_now() >= facts->expires_at) {
        return answer_json(200, {{"active", false}});
    }
    return answer_json(200, {{"active", true},
                             {"scope", scope},
                             {"client_id", facts->client_id},
                             {"token_type", "Bearer"},
                             {"exp", facts->expires_at},
                             {"iat", facts->issued_at},
                             {"aud", audience},
                             {"iss", issuer_}});
}

reply authorization_server::revoke(const std::string& client, const std::string& form) {
    const auto token = form_field(form, "token");
    if (!token) {
        return refuse(400, "invalid_request");
    }
    const auto facts = tokens_.find(*token);
    if (facts && facts->client_id == client) {
        tokens_.revoke(*token);
    }
    return {.status = 200, .headers = {}, .body = {}, .how = {}}; // also for a token it never knew
}

std::string authorization_server::authenticated(const std::string& authorization) const {
    const auto given = basic_credentials(authorization);
    const bool good = given && given->second == settings_.client_secret &&
                      std::ranges::count(settings_.client_ids, given->first) > 0;
    return good ? given->first : std::string{};
}

} // namespace rehearsal
