// SPDX-License-Identifier: BSL-1.0
//
// The stories by the asynchronous introspector: `async_check` on a context whose time is moved by hand.
#ifndef OUTLAST_TESTS_OAUTH2_SUPPORT_ASYNC_WAY_HPP
#define OUTLAST_TESTS_OAUTH2_SUPPORT_ASYNC_WAY_HPP

#include <outlast/oauth2/async_introspector.hpp>

#include "asio/support/virtual_loop.hpp"
#include "oauth2/support/server.hpp"
#include "support/catch.hpp"

#include <boost/asio.hpp>

#include <chrono>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace outlast_tests {

/// A script as an asynchronous transport, which takes no notice of deadlines and cancellation.
struct async_scripted_server : scripted_server {
    virtual_loop* loop = nullptr;

    [[nodiscard]] auto get_executor() const { return loop->context().get_executor(); }

    template <class Token>
    auto async_ask(const outlast::http::request& request,
                   std::chrono::steady_clock::time_point,
                   Token&& token) {
        using outcome = outlast::result<outlast::http::response>;
        return boost::asio::async_initiate<Token, void(outcome)>(
            [this](auto handler, const outlast::http::request& what) {
                const reply r = reply_to(what);
                loop->after<void(outcome)>(r.takes, std::move(handler), r.outcome());
            },
            token, request);
    }
};

class async_way {
public:
    using server_type = async_scripted_server;
    using introspector_type = outlast::oauth2::async_introspector<server_type, hand_clock>;

    class call {
    public:
        [[nodiscard]] bool done() const noexcept { return d_.has_value(); }
        [[nodiscard]] outlast::instant finished_at() const noexcept { return finished_; }
        void cancel() {
            stop_.emit(boost::asio::cancellation_type::terminal);
            loop_->advance({});
        }

    private:
        friend class async_way;
        virtual_loop* loop_ = nullptr;
        boost::asio::cancellation_signal stop_{};
        outlast::instant finished_ = outlast::never;
        std::optional<outlast::oauth2::decision> d_{};
    };

    async_way() { hand_clock::time = outlast::instant{}; }

    void serve(server_type& server) { server.loop = &loop_; }
    [[nodiscard]] outlast::instant time() const { return loop_.now(); }
    void advance(outlast::duration span) { loop_.advance(span); }
    void run() { loop_.run(); }

    call& begin(introspector_type& api,
                const std::string& token,
                const outlast::oauth2::requirements& wanted,
                outlast::duration max_age,
                outlast::instant deadline) {
        call& c = calls_.emplace_back();
        c.loop_ = &loop_;
        outlast::limits until;
        if (deadline != outlast::never)
            until.deadline = std::chrono::steady_clock::time_point{deadline.time_since_epoch()};
        api.async_check("Bearer " + token, wanted, max_age, until,
                        boost::asio::bind_cancellation_slot(
                            c.stop_.slot(), [this, &c](outlast::oauth2::decision d) {
                                CHECK_FALSE(c.done());
                                c.finished_ = time();
                                c.d_ = std::move(d);
                            }));
        CHECK_FALSE(c.done());
        loop_.advance({});
        return c;
    }
    static outlast::oauth2::decision decision_of(const call& c,
                                                 const introspector_type&,
                                                 const outlast::oauth2::requirements&,
                                                 std::chrono::system_clock::time_point) {
        REQUIRE(c.done());
        return *c.d_;
    }

    bool recheck(introspector_type& api) {
        std::optional<bool> asked;
        api.async_recheck([&](bool there_was_one) { asked = there_was_one; });
        CHECK_FALSE(asked.has_value());
        run();
        REQUIRE(asked.has_value());
        return *asked;
    }
    outlast::result<outlast::oauth2::knowledge> probe(introspector_type& api,
                                                      std::size_t endpoint) {
        std::optional<outlast::result<outlast::oauth2::knowledge>> said;
        api.async_probe(endpoint, [&](auto told) { said = std::move(told); });
        CHECK_FALSE(said.has_value());
        run();
        REQUIRE(said.has_value());
        return *said;
    }

private:
    std::deque<call> calls_{};
    virtual_loop loop_{}; // ends before what its handlers refer to
};

/// A blocking transport as one that answers in a turn of its own.
template <class Server>
struct posted {
    Server* server;
    boost::asio::io_context context{};

    [[nodiscard]] auto get_executor() { return context.get_executor(); }

    template <class Token>
    auto async_ask(outlast::http::request request,
                   std::chrono::steady_clock::time_point by,
                   Token&& token) {
        using outcome = outlast::result<outlast::http::response>;
        return boost::asio::async_initiate<Token, void(outcome)>(
            [this, by](auto handler, const outlast::http::request& what) {
                outcome answered = (*server)(what, outlast::http::limits{.by = by});
                const auto executor = boost::asio::get_associated_executor(handler);
                boost::asio::post(executor,
                                  [h = std::move(handler), a = std::move(answered)]() mutable {
                                      std::move(h)(std::move(a));
                                  });
            },
            token, std::move(request));
    }
};

/// Through `async_check`, in real time, one request after another.
template <class Server>
class direct_api {
public:
    direct_api(outlast::oauth2::introspector_options options, Server& server)
        : transport_{&server}, api_(std::move(options), transport_) {}

    template <class Authorization>
    outlast::oauth2::decision operator()(const Authorization& authorization,
                                         const outlast::oauth2::requirements& wanted = {},
                                         outlast::duration max_age = outlast::forever,
                                         const outlast::limits& until = {},
                                         const outlast::oauth2::held_keys& keys = {}) {
        std::optional<outlast::oauth2::decision> d;
        api_.async_check(authorization, wanted, max_age, until, keys,
                         [&](outlast::oauth2::decision decided) { d = std::move(decided); });
        transport_.context.restart();
        transport_.context.run();
        REQUIRE(d.has_value());
        return *std::move(d);
    }

    [[nodiscard]] auto& breaker() noexcept { return api_.breaker(); }
    [[nodiscard]] auto& latch() noexcept { return api_.latch(); }
    [[nodiscard]] auto& store() noexcept { return api_.store(); }
    [[nodiscard]] auto key_of(std::string_view token) const noexcept { return api_.key_of(token); }

private:
    posted<Server> transport_;
    outlast::oauth2::async_introspector<posted<Server>> api_;
};

} // namespace outlast_tests

#endif // OUTLAST_TESTS_OAUTH2_SUPPORT_ASYNC_WAY_HPP
