// SPDX-License-Identifier: BSL-1.0
//
// Where an authorization server has its endpoints, found out without blocking a thread.
#ifndef OUTLAST_OAUTH2_ASYNC_DISCOVERY_HPP
#define OUTLAST_OAUTH2_ASYNC_DISCOVERY_HPP

#include <outlast/asio/async_run.hpp>
#include <outlast/call.hpp>
#include <outlast/oauth2/async_transport.hpp>
#include <outlast/oauth2/discovery_base.hpp>
#include <outlast/oauth2/metadata_fetch.hpp>
#include <outlast/result.hpp>
#include <outlast/run.hpp> // limits, steady

#include <boost/asio/async_result.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace outlast::oauth2 {

/// Asks for metadata, once: an operation for `async_run`.
template <async_transport Transport>
class async_ask_metadata {
public:
    /// The transport outlives it.
    async_ask_metadata(Transport& send, std::shared_ptr<const metadata_fetch> what)
        : send_(&send), what_(std::move(what)) {}

    template <boost::asio::completion_token_for<void(result<metadata_ptr>)> Token>
    auto operator()(call& context, const metadata_query& q, Token&& token) const {
        return boost::asio::async_initiate<Token, void(result<metadata_ptr>)>(
            [this](auto handler, std::chrono::steady_clock::time_point by, http::request asked) {
                using reader = detail::read_answer<detail::exchanged<Transport>, metadata_ptr, read,
                                                   decltype(handler)>;
                send_->async_ask(std::move(asked), by, reader{std::move(handler), read{what_}});
            },
            token, context.steady_deadline(), what_->request_for(q));
    }

private:
    struct read {
        std::shared_ptr<const metadata_fetch> what;
        template <class Answered>
        result<metadata_ptr> operator()(Answered& answered) const {
            return what->read(answered);
        }
    };

    Transport* send_;
    std::shared_ptr<const metadata_fetch> what_;
};

/// `discovery` for an asynchronous transport: the same policies.
///
/// **Executor, cancellation, allocator** of the handler, as with `async_run`.
/// **Sharing** thread-safe. Callers who find nothing fresh have one fetch made, whatever executors they
/// run on.
/// **Lifetime** it may go at any time: calls under way share what they need, the transport among it if it
/// was given by `shared_ptr`; else that outlives them.
/// \tparam Clock see `steady`
template <async_transport Transport, class Clock = steady>
class async_discovery {
public:
    /// Throws `std::invalid_argument` with a sentence.
    async_discovery(discovery_options options, std::shared_ptr<Transport> send)
        : shared_(std::make_shared<shared>(std::move(options), std::move(send))) {}
    /// \param send outlives the calls
    async_discovery(discovery_options options, Transport& send)
        : async_discovery(std::move(options),
                          std::shared_ptr<Transport>{std::shared_ptr<void>{}, &send}) {}

    async_discovery(const async_discovery&) = delete;
    async_discovery& operator=(const async_discovery&) = delete;

    /// Completes with `void(result<metadata_ptr>)`, exactly once, and never before it returns.
    /// \param until the caller's own limits, within those of the options
    template <boost::asio::completion_token_for<void(result<metadata_ptr>)> Token>
    auto async_find(const limits& until, Token&& token) const {
        const auto mine = std::make_shared<under_way>(shared_);
        return async_run<Clock>(shared_->send->get_executor(), shared_->policies(), until,
                                shared_->work, std::forward<Token>(token),
                                metadata_query{{mine, &mine->place}});
    }

    // As those of `discovery`; what they refer to is the discovery's.
    void forget() { shared_->forget(); }
    void doubt(instant now, duration pause) const { shared_->doubt(now, pause); }
    [[nodiscard]] const discovery_options& options() const noexcept { return shared_->options(); }
    [[nodiscard]] circuit_breaker& breaker() noexcept { return shared_->breaker(); }

private:
    /// All that calls need, and the discovery and each call under way have a share in.
    struct shared : discovery_base {
        std::shared_ptr<Transport> send;
        async_ask_metadata<Transport> work;

        shared(discovery_options options, std::shared_ptr<Transport> transport)
            : discovery_base(std::move(options)), send(std::move(transport)), work(*send, what()) {}
    };
    /// What stays where it is for one call, which gives its arguments back after all else.
    struct under_way {
        std::shared_ptr<shared> all;
        std::size_t place = 0;
        explicit under_way(std::shared_ptr<shared> a) noexcept : all(std::move(a)) {}
    };

    std::shared_ptr<shared> shared_;
};

template <class Transport>
async_discovery(discovery_options, std::shared_ptr<Transport>) -> async_discovery<Transport>;
template <class Transport>
async_discovery(discovery_options, Transport&) -> async_discovery<Transport>;

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_ASYNC_DISCOVERY_HPP
