// SPDX-License-Identifier: BSL-1.0
//
// A transport that tells what became of each request.
#pragma once

#include <outlast/http/beast.hpp>
#include <outlast/oauth2/response.hpp>

#include <boost/asio/associator.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <utility>

namespace gateway {

struct exchange_told {
    const std::string& url;
    outlast::oauth2::outcome_class outcome;
    outlast::duration took;
};
using listener = std::function<void(const exchange_told&)>;

template <class Handler>
struct metered_handler {
    Handler handler;
    const listener* tell;
    std::string url;
    std::chrono::steady_clock::time_point begun;

    template <class Result>
    void operator()(Result answered) {
        namespace oauth2 = outlast::oauth2;
        oauth2::outcome_class outcome;
        if (answered.has_value()) {
            const auto& a = answered.value();
            const auto line = [&](std::string_view name) {
                return a.headers.first(name).value_or("");
            };
            oauth2::response_view seen{};
            seen.status = a.status;
            seen.content_type = line("content-type");
            seen.content_encoding = line("content-encoding");
            seen.body = a.body;
            outcome = oauth2::classify(seen, std::chrono::system_clock::now()).outcome();
        } else {
            outcome = oauth2::class_of(oauth2::reason_of_transport(answered.error()));
        }
        (*tell)({url, outcome, std::chrono::steady_clock::now() - begun});
        std::move(handler)(std::move(answered));
    }
};

/// An `async_transport`.
class metered_transport {
public:
    /// Both outlive it. \param tell is called on the executor of the call
    metered_transport(outlast::http::beast_transport& send, const listener& tell)
        : send_(&send), tell_(&tell) {}

    template <
        boost::asio::completion_token_for<void(outlast::http::beast_transport::result_type)> Token>
    auto async_ask(outlast::http::request asked,
                   std::chrono::steady_clock::time_point by,
                   Token&& token) {
        return boost::asio::async_initiate<Token,
                                           void(outlast::http::beast_transport::result_type)>(
            [this](auto handler, outlast::http::request what, auto deadline) {
                std::string url = what.url;
                send_->async_ask(
                    std::move(what), deadline,
                    metered_handler<decltype(handler)>{std::move(handler), tell_, std::move(url),
                                                       std::chrono::steady_clock::now()});
            },
            token, std::move(asked), by);
    }
    [[nodiscard]] boost::asio::any_io_executor get_executor() const {
        return send_->get_executor();
    }

private:
    outlast::http::beast_transport* send_;
    const listener* tell_;
};

} // namespace gateway

/// All that is associated with it is the handler's.
template <template <class, class> class Associator, class Handler, class Default>
struct boost::asio::associator<Associator, gateway::metered_handler<Handler>, Default> {
    using type = typename Associator<Handler, Default>::type;
    static type get(const gateway::metered_handler<Handler>& h) noexcept {
        return Associator<Handler, Default>::get(h.handler);
    }
    static auto get(const gateway::metered_handler<Handler>& h, const Default& otherwise) noexcept
        -> decltype(Associator<Handler, Default>::get(h.handler, otherwise)) {
        return Associator<Handler, Default>::get(h.handler, otherwise);
    }
};
