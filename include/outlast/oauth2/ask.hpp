// SPDX-License-Identifier: BSL-1.0
//
// One introspection over a blocking transport: the callable that the policies guard.
#ifndef OUTLAST_OAUTH2_ASK_HPP
#define OUTLAST_OAUTH2_ASK_HPP

#include <outlast/call.hpp>
#include <outlast/http/limits.hpp>
#include <outlast/http/message.hpp>
#include <outlast/oauth2/discovery.hpp>
#include <outlast/oauth2/error.hpp>
#include <outlast/oauth2/introspection.hpp>
#include <outlast/oauth2/knowledge.hpp>
#include <outlast/oauth2/transport.hpp>
#include <outlast/result.hpp>
#include <outlast/run.hpp> // steady

#include <optional>
#include <utility>

namespace outlast::oauth2 {

/// Asks the authorization server about one token, once, on the calling thread: see
/// `introspection::learnt`.
/// \tparam Clock see `steady`
template <transport Transport, class Clock = steady>
class ask {
public:
    /// All outlive it.
    /// \param where tells the endpoint, if the options leave that to discovery
    ask(Transport& send, introspection& what, discovery<Transport, Clock>* where = nullptr)
        : send_(&send), what_(&what), where_(where) {}

    [[nodiscard]] result<knowledge> operator()(call& context, const query& q) const {
        std::optional<request> made = what_->request_for(q);
        if (!made)
            return failure{reason::no_credentials};
        if (where_ != nullptr) {
            const auto found =
                (*where_)({.deadline = context.steady_deadline(), .stop = context.stop_token()});
            if (const auto nowhere = introspection::address(*made, found))
                return *nowhere;
        }
        http::request asked = introspection::handed_over(*std::move(made));
        const detail::wiped_request wiped{asked};
        auto answered = (*send_)(
            asked, http::limits{.by = context.steady_deadline(), .stop = context.stop_token()});
        auto learnt = what_->learnt(answered, introspection::subject{q}, context);
        if (where_ != nullptr && introspection::may_have_moved(learnt))
            where_->doubt(context.time(), what_->options().fault_pause);
        return learnt;
    }

private:
    Transport* send_;
    introspection* what_;
    discovery<Transport, Clock>* where_;
};

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_ASK_HPP
