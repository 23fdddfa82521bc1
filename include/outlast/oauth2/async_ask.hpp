// SPDX-License-Identifier: BSL-1.0
//
// One introspection over an asynchronous transport: the operation that the policies guard.
#ifndef OUTLAST_OAUTH2_ASYNC_ASK_HPP
#define OUTLAST_OAUTH2_ASYNC_ASK_HPP

#include <outlast/call.hpp>
#include <outlast/oauth2/async_discovery.hpp>
#include <outlast/oauth2/async_transport.hpp>
#include <outlast/oauth2/error.hpp>
#include <outlast/oauth2/introspection.hpp>
#include <outlast/oauth2/knowledge.hpp>
#include <outlast/oauth2/metadata_fetch.hpp> // metadata_ptr
#include <outlast/oauth2/request.hpp>
#include <outlast/result.hpp>
#include <outlast/run.hpp> // steady

#include <boost/asio/associator.hpp>
#include <boost/asio/async_result.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace outlast::oauth2 {

namespace detail {

/// One attempt, from its request on. Keeps what it needs: it may have been given up, and its introspector
/// may be gone.
template <class Transport, class Clock>
struct attempt {
    Transport* send;
    std::shared_ptr<introspection> what;
    std::shared_ptr<const async_discovery<Transport, Clock>> where;
    introspection::subject about;
    call context;

    template <class Handler>
    void begin(request made, Handler handler) const {
        using reader = read_answer<exchanged<Transport>, knowledge, attempt, Handler>;
        send->async_ask(introspection::handed_over(std::move(made)), what->answer_by(context),
                        reader{std::move(handler), *this});
    }
    template <class Answered>
    result<knowledge> operator()(Answered& answered) const {
        auto learnt = what->learnt(answered, about, context);
        if (where != nullptr && introspection::may_have_moved(learnt))
            where->doubt(context.time(), what->options().fault_pause);
        return learnt;
    }
};

/// Goes on with an attempt once it is known where to ask, and is to Asio what the attempt's handler is.
template <class Transport, class Clock, class Handler>
struct addressed {
    Handler handler;
    attempt<Transport, Clock> then;
    request made; // wiped, if it is never sent

    void operator()(const result<metadata_ptr>& found) {
        if (auto nowhere = introspection::address(made, found))
            return std::move(handler)(result<knowledge>{*std::move(nowhere)});
        then.begin(std::move(made), std::move(handler));
    }
};

} // namespace detail

/// Asks the authorization server about one token, once. An operation for `async_run`: without
/// credentials it completes at once, inside its initiation. See `introspection::learnt`.
/// \tparam Clock see `steady`
template <async_transport Transport, class Clock = steady>
class async_ask {
public:
    /// The transport outlives it.
    /// \param where tells the endpoint, if the options leave that to discovery
    async_ask(Transport& send,
              std::shared_ptr<introspection> what,
              std::shared_ptr<const async_discovery<Transport, Clock>> where = nullptr)
        : send_(&send), what_(std::move(what)), where_(std::move(where)) {}

    template <boost::asio::completion_token_for<void(result<knowledge>)> Token>
    auto operator()(call& context, const query& q, Token&& token) const {
        return boost::asio::async_initiate<Token, void(result<knowledge>)>(
            [this](auto handler, const call& told, const introspection::subject& about,
                   std::optional<request> made) {
                if (!made)
                    return std::move(handler)(result<knowledge>{failure{reason::no_credentials}});
                detail::attempt<Transport, Clock> one{send_, what_, where_, about, told};
                if (!where_)
                    return one.begin(*std::move(made), std::move(handler));
                where_->async_find({.deadline = told.steady_deadline()},
                                   detail::addressed<Transport, Clock, decltype(handler)>{
                                       std::move(handler), std::move(one), *std::move(made)});
            },
            token, context, introspection::subject{q}, what_->request_for(q));
    }

private:
    Transport* send_;
    std::shared_ptr<introspection> what_;
    std::shared_ptr<const async_discovery<Transport, Clock>> where_;
};

} // namespace outlast::oauth2

/// All that is associated with it is the handler's.
template <template <class, class> class Associator,
          class Transport,
          class Clock,
          class Handler,
          class Default>
struct boost::asio::
    associator<Associator, outlast::oauth2::detail::addressed<Transport, Clock, Handler>, Default> {
    using addressed = outlast::oauth2::detail::addressed<Transport, Clock, Handler>;
    using type = typename Associator<Handler, Default>::type;
    static type get(const addressed& a) noexcept {
        return Associator<Handler, Default>::get(a.handler);
    }
    static auto get(const addressed& a, const Default& otherwise) noexcept
        -> decltype(Associator<Handler, Default>::get(a.handler, otherwise)) {
        return Associator<Handler, Default>::get(a.handler, otherwise);
    }
};

#endif // OUTLAST_OAUTH2_ASYNC_ASK_HPP
