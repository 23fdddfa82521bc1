// SPDX-License-Identifier: BSL-1.0
//
// An issuer's keys, fetched without blocking a thread and kept through an outage.
#ifndef OUTLAST_OAUTH2_JWT_ASYNC_KEY_SOURCE_HPP
#define OUTLAST_OAUTH2_JWT_ASYNC_KEY_SOURCE_HPP

#include <outlast/asio/async_run.hpp>
#include <outlast/call.hpp>
#include <outlast/oauth2/async_transport.hpp>
#include <outlast/oauth2/jose/key_set.hpp>
#include <outlast/oauth2/jwt/key_fetch.hpp>
#include <outlast/oauth2/jwt/key_source_base.hpp>
#include <outlast/oauth2/jwt/key_source_options.hpp>
#include <outlast/result.hpp>
#include <outlast/run.hpp> // limits, steady

#include <boost/asio/async_result.hpp>

#include <functional> // std::cref
#include <memory>
#include <utility>

namespace outlast::oauth2 {

/// Fetches an issuer's key set, once. An operation for `async_run`: see `key_fetch::learnt`.
template <async_transport Transport>
class async_fetch_keys {
public:
    /// The transport outlives it.
    async_fetch_keys(Transport& send, std::shared_ptr<const key_fetch> what)
        : send_(&send), what_(std::move(what)) {}

    template <boost::asio::completion_token_for<void(result<jose::key_set_ptr>)> Token>
    auto operator()(call& context, const key_query&, Token&& token) const {
        return boost::asio::async_initiate<Token, void(result<jose::key_set_ptr>)>(
            [this](auto handler, std::chrono::steady_clock::time_point by) {
                using reader = detail::read_answer<detail::exchanged<Transport>, jose::key_set_ptr,
                                                   read, decltype(handler)>;
                send_->async_ask(what_->request(), by, reader{std::move(handler), read{what_}});
            },
            token, context.steady_deadline());
    }

private:
    struct read {
        std::shared_ptr<const key_fetch> what;
        template <class Answered>
        result<jose::key_set_ptr> operator()(Answered& answered) const {
            return what->learnt(answered);
        }
    };

    Transport* send_;
    std::shared_ptr<const key_fetch> what_;
};

/// `key_source` for an asynchronous transport: the same policies, the same keys.
///
///     async_get([max_age, limits,] token)
///
/// completes with `void(outlast::result<jose::key_set_ptr>)`, exactly once, and never before it returns.
/// **Executor, cancellation, allocator** of the handler, as with `async_run`.
/// **Lifetime** it may go at any time: what is under way shares what it needs. The transport is among that if it was
/// given by `shared_ptr`; else it outlives it.
/// \tparam Clock see `steady`
template <async_transport Transport, class Clock = steady>
class async_key_source {
    class shared : public key_source_base {
    public:
        std::shared_ptr<Transport> send;
        async_fetch_keys<Transport> work;

        shared(key_source_options options, std::shared_ptr<Transport> transport)
            : key_source_base(std::move(options)),
              send(std::move(transport)),
              work(*send, fetch()) {}
    };

    // A call gives its arguments back after everything else, so that the policies are there until it is gone.
    struct held_query : key_query {
        std::shared_ptr<shared> held;
    };

public:
    /// Throws `std::invalid_argument` with a sentence.
    async_key_source(key_source_options options, std::shared_ptr<Transport> send)
        : shared_(std::make_shared<shared>(std::move(options), std::move(send))) {}
    /// \param send outlives the calls
    async_key_source(key_source_options options, Transport& send)
        : async_key_source(std::move(options),
                           std::shared_ptr<Transport>{std::shared_ptr<void>{}, &send}) {}

    /// \param max_age how old the keys may be at most: `options().unknown_after` where they lack one
    template <boost::asio::completion_token_for<void(result<jose::key_set_ptr>)> Token>
    auto async_get(duration max_age, const limits& until, Token&& token) {
        shared& all = *shared_;
        return async_run<Clock>(all.send->get_executor(), all.policies(), until,
                                std::cref(all.work), std::forward<Token>(token),
                                held_query{{max_age}, shared_});
    }
    template <boost::asio::completion_token_for<void(result<jose::key_set_ptr>)> Token>
    auto async_get(Token&& token) {
        return async_get(forever, limits{}, std::forward<Token>(token));
    }

    // As those of `key_source`; what they refer to is the source's.
    [[nodiscard]] jose::key_set_ptr in_hand() const { return shared_->in_hand(Clock::now()); }
    [[nodiscard]] auto& policies() noexcept { return shared_->policies(); }
    [[nodiscard]] circuit_breaker& breaker() noexcept { return shared_->breaker(); }
    [[nodiscard]] const key_source_options& options() const noexcept { return shared_->options(); }

private:
    std::shared_ptr<shared> shared_;
};

template <class Transport>
async_key_source(key_source_options, std::shared_ptr<Transport>) -> async_key_source<Transport>;
template <class Transport>
async_key_source(key_source_options, Transport&) -> async_key_source<Transport>;

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_JWT_ASYNC_KEY_SOURCE_HPP
