// SPDX-License-Identifier: BSL-1.0
//
// An io_context whose time is moved by hand: what operations wait for, and the deadlines of calls,
// happen in order, and take no real time.
#ifndef OUTLAST_TESTS_ASIO_SUPPORT_VIRTUAL_LOOP_HPP
#define OUTLAST_TESTS_ASIO_SUPPORT_VIRTUAL_LOOP_HPP

#include <outlast/asio.hpp>

#include "support/recorded.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <map>
#include <memory>
#include <utility>

namespace outlast_tests {

class virtual_loop {
public:
    virtual_loop() { hand_clock::reset(); }
    ~virtual_loop() { happens_.clear(); }

    [[nodiscard]] boost::asio::io_context& context() noexcept { return context_; }
    [[nodiscard]] outlast::instant now() const noexcept { return hand_clock::time; }
    [[nodiscard]] outlast::duration since_start() const noexcept {
        return hand_clock::time - hand_clock::zero;
    }

    /// Does something later, after what was asked for at the same instant earlier, and before
    /// deadlines of that instant.
    void in(outlast::duration span, std::function<void()> what) {
        happens_.emplace(outlast::after(now(), span), std::move(what));
    }

    /// Until nothing is left to happen.
    void run() {
        run_until([] { return false; });
    }
    /// Or until that is so.
    template <class Done>
    void run_until(Done done) {
        for (;;) {
            poll();
            const outlast::instant next = outlast::earlier(first(), deadlines().first());
            if (next == outlast::never || done())
                return;
            step_to(next);
        }
    }
    /// What happens in the next `span`.
    void advance(outlast::duration span) {
        const outlast::instant end = outlast::after(now(), span);
        poll();
        for (;;) {
            const outlast::instant next = outlast::earlier(first(), deadlines().first());
            if (next == outlast::never || next > end)
                break;
            step_to(next);
            poll();
        }
        hand_clock::time = end;
    }
    void poll() {
        context_.restart();
        while (context_.poll() != 0)
            context_.restart();
    }

    /// An operation that completes after a time, and ignores cancellation.
    template <class Signature, class Token, class... X>
    auto after(outlast::duration span, Token&& token, X... values) {
        return boost::asio::async_initiate<Token, Signature>(
            [this, span](auto handler, X... v) {
                auto shared = std::make_shared<decltype(handler)>(std::move(handler));
                in(span, [shared, v...]() mutable {
                    const auto executor = boost::asio::get_associated_executor(*shared);
                    boost::asio::dispatch(executor, [shared, v...]() mutable {
                        std::move (*shared)(std::move(v)...);
                    });
                });
            },
            token, std::move(values)...);
    }

private:
    using service = outlast::detail::deadlines<hand_clock>;
    service& deadlines() { return service::of(context_.get_executor()); }
    [[nodiscard]] outlast::instant first() const {
        return happens_.empty() ? outlast::never : happens_.begin()->first;
    }
    void step_to(outlast::instant next) {
        hand_clock::time = std::max(hand_clock::time, next);
        if (!happens_.empty() && happens_.begin()->first <= now()) {
            const auto what = std::move(happens_.begin()->second);
            happens_.erase(happens_.begin());
            what();
        } else {
            deadlines().expire();
        }
    }

    boost::asio::io_context context_{};
    std::multimap<outlast::instant, std::function<void()>> happens_{};
};

} // namespace outlast_tests

#endif
