// SPDX-License-Identifier: BSL-1.0
//
// The guarded API: an introspector over the library's own transport, and nothing else.
#include <outlast/http/curl.hpp>
#include <outlast/oauth2/introspector.hpp>

#include "guard.hpp"
#include "outlast_settings.hpp"

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

    reply answer(std::string_view header) { return reply_from(check(header, wanted)); }

    counted_transport send;
    oauth2::introspector<counted_transport> check;
    oauth2::requirements wanted;
};

} // namespace

guarded outlast_guard(const guard_settings& settings) {
    const auto made = std::make_shared<outlast_side>(settings);
    return {.answer = [made](std::string_view header) { return made->answer(header); },
            .breaker = [made] { return breaker_of(made->check.breaker()); },
            .server_calls = [made] { return made->send.calls.load(); }};
}

} // namespace rehearsal
