// SPDX-License-Identifier: BSL-1.0
//
// Where an authorization server has its endpoints, found out by RFC 8414.
#ifndef OUTLAST_OAUTH2_DISCOVERY_HPP
#define OUTLAST_OAUTH2_DISCOVERY_HPP

#include <outlast/call.hpp>
#include <outlast/http/limits.hpp>
#include <outlast/oauth2/discovery_base.hpp>
#include <outlast/oauth2/metadata_fetch.hpp>
#include <outlast/oauth2/transport.hpp>
#include <outlast/result.hpp>
#include <outlast/run.hpp>

#include <utility>

namespace outlast::oauth2 {

/// Asks for metadata, once, on the calling thread: the callable that the policies guard.
template <transport Transport>
class ask_metadata {
public:
    /// Both outlive it.
    ask_metadata(Transport& send, const metadata_fetch& what) : send_(&send), what_(&what) {}

    [[nodiscard]] result<metadata_ptr> operator()(call& context, const metadata_query& q) const {
        auto answered =
            (*send_)(what_->request_for(q),
                     http::limits{.by = context.steady_deadline(), .stop = context.stop_token()});
        return what_->read(answered);
    }

private:
    Transport* send_;
    const metadata_fetch* what_;
};

/// Knows the metadata of one authorization server: fetched when they are first asked for, then once a
/// day; the last good ones stay while others cannot be had. On the calling thread; `async_discovery` is
/// the same for asynchronous transports. What it is made of: `discovery_base`.
///
/// **Answers** metadata that name the configured issuer, with endpoints where they may be; or a failure:
/// its `reason_of`, and when to ask again.
/// **Sharing** thread-safe. The transport and the discovery outlive its calls.
/// **Cost** known and fresh: one lookup and one small allocation.
/// \tparam Clock see `steady`
template <transport Transport, class Clock = steady>
class discovery : public discovery_base {
public:
    /// Throws `std::invalid_argument` with a sentence.
    discovery(discovery_options options, Transport& send)
        : discovery_base(std::move(options)), work_(send, *what()) {}

    /// \param until the caller's own limits, within those of the options
    [[nodiscard]] result<metadata_ptr> operator()(const limits& until = {}) {
        return run<Clock>(policies(), until, work_, metadata_query{});
    }

    /// What the policies guard: for another driver, and for probes.
    [[nodiscard]] const ask_metadata<Transport>& work() const noexcept { return work_; }

private:
    ask_metadata<Transport> work_;
};

template <class Transport>
discovery(discovery_options, Transport&) -> discovery<Transport>;

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_DISCOVERY_HPP
