// SPDX-License-Identifier: BSL-1.0
//
// The guarded API: an introspector over the library's own transport, and nothing else.
#include <outlast/http/curl.hpp>
#include <outlast/oauth2/introspector.hpp>

#include "guard.hpp"

#include <atomic>
#include <memory>

namespace rehearsal {

namespace {

namespace oauth2 = outlast::oauth2;
namespace http = outlast::http;

// Counts the requests on their way out, for the display.
struct counted_transport {
    http::curl_transport send;
    std::atomic<std::uint64_t> calls{0};

    auto operator()(const http::request& asked, const http::limits& until) {
        ++calls;
        return send(asked, until);
    }
};

oauth2::introspector_options options_from(const guard_settings& s) {
    oauth2::introspector_options o;
    o.endpoints = {s.introspection_endpoint};
    o.auth = oauth2::client_secret_basic{s.client_id, oauth2::secret{s.client_secret}};
    o.realm = s.realm;
    o.lifetimes.fresh_for = s.fresh_for;
    o.lifetimes.stale_for = s.stale_for;
    o.attempt_timeout = s.attempt_timeout;
    o.overall_timeout = 2 * s.attempt_timeout;
    o.breaker.open_for = s.open_for;
    o.breaker.probe_lease = 2 * s.attempt_timeout;
    return o;
}

oauth2::requirements requirements_from(const guard_settings& s) {
    oauth2::requirements r;
    if (!s.issuer.empty())
        r.issuer = s.issuer;
    if (!s.audience.empty())
        r.audience = s.audience;
    return r;
}

http::curl_options transport_options() {
    http::curl_options o;
    o.connect_timeout = std::chrono::milliseconds{500};
    return o;
}

struct outlast_side {
    explicit outlast_side(const guard_settings& s)
        : send{http::curl_transport{transport_options()}},
          check{options_from(s), send},
          wanted{requirements_from(s)} {}

    reply answer(std::string_view header) {
        oauth2::decision d = check(header, wanted);
        return {.status = d.status,
                .headers = std::move(d.reply.headers),
                .body = std::move(d.reply.body),
                .how = d.how == oauth2::decision::assurance::none
                           ? "refused"
                           : std::string{oauth2::to_string(d.how)}};
    }

    std::string breaker() {
        switch (check.breaker().state(outlast::steady::now())) {
        case outlast::circuit_state::closed:
            return "closed";
        case outlast::circuit_state::open:
            return "open";
        case outlast::circuit_state::half_open:
            return "half-open";
        }
        return {};
    }

    counted_transport send;
    oauth2::introspector<counted_transport> check;
    oauth2::requirements wanted;
};

} // namespace

guarded outlast_guard(const guard_settings& settings) {
    const auto made = std::make_shared<outlast_side>(settings);
    return {.answer = [made](std::string_view header) { return made->answer(header); },
            .breaker = [made] { return made->breaker(); },
            .server_calls = [made] { return made->send.calls.load(); }};
}

} // namespace rehearsal
