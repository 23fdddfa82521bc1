// SPDX-License-Identifier: BSL-1.0
//
// Answers the questions of a proxy: may this request pass, and whose is it?
#pragma once

#include <outlast/http/beast.hpp>
#include <outlast/oauth2/async_introspector.hpp>

#include "config.hpp"
#include "history.hpp"
#include "log.hpp"
#include "messages.hpp"
#include "metered.hpp"
#include "metrics.hpp"
#include "refusal.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gateway {

/// What to check of a request for `target`: its path without the query. \return null: there is no route, or the path
/// is written so that a proxy and an API might read it differently
[[nodiscard]] const route* route_for(const std::vector<route>& routes, std::string_view target);

/// **Sharing** by the one thread of its context.
class introspection_gateway {
public:
    /// The context and the log outlive it. Throws what `introspector` and `beast_transport` throw.
    introspection_gateway(configuration options, boost::asio::io_context& context, log& into);
    introspection_gateway(const introspection_gateway&) = delete;
    introspection_gateway& operator=(const introspection_gateway&) = delete;

    /// For the proxy. `asked` lives until the answer.
    [[nodiscard]] boost::asio::awaitable<response> answer(const request& asked);
    /// For the monitoring, and never on the port of the proxy, where these paths may be the API's.
    [[nodiscard]] boost::asio::awaitable<response> show(const request& asked);

    /// Begins what it does without being asked: re-checks and the canary. The context runs them.
    void start();
    /// From now on it is not ready, and does nothing of itself: no further requests are wanted.
    void retire() noexcept { retired_ = true; }

private:
    using introspector = outlast::oauth2::async_introspector<metered_transport>;

    struct forward {
        introspection_gateway* to;
        void operator()(const outlast::event& e) const { to->heard(e); }
    };

    outlast::oauth2::introspector_options with_events();
    [[nodiscard]] boost::asio::awaitable<response> checked(const request& asked, const route& r);
    boost::asio::awaitable<void> recheck();
    boost::asio::awaitable<void> recheck_one();
    [[nodiscard]] bool is_away();
    boost::asio::awaitable<void> watch_endpoints();
    boost::asio::awaitable<void> probe_those_away();
    [[nodiscard]] response revoke(const request& asked);
    [[nodiscard]] response metrics_now(const request& asked);
    void unavailable(const outlast::oauth2::decision& d);
    void refused(refusal_reason why, std::string_view target);
    [[nodiscard]] boost::json::object status_json();
    [[nodiscard]] std::int64_t second() const;
    [[nodiscard]] std::size_t number_of(std::string_view shown) const;
    void told(const exchange_told& what);
    void heard(const outlast::event& e);

    configuration options_;
    std::vector<std::string> endpoints_; // as they may be shown
    log& log_;
    metrics metrics_;
    history history_{};
    outlast::http::beast_transport send_;
    listener on_exchange_;
    metered_transport metered_;
    forward on_event_{this};
    introspector check_;
    outlast::oauth2::stale_counts reported_{};
    bool retired_ = false;
    once_a_second unavailable_{};
    std::array<once_a_second, refusal_reasons> refused_{};
    std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

} // namespace gateway
