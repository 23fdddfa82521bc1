// SPDX-License-Identifier: BSL-1.0
//
// An issuer's keys, fetched over a blocking transport and kept through an outage of it.
#ifndef OUTLAST_OAUTH2_JWT_KEY_SOURCE_HPP
#define OUTLAST_OAUTH2_JWT_KEY_SOURCE_HPP

#include <outlast/call.hpp>
#include <outlast/http/limits.hpp>
#include <outlast/oauth2/jose/key_set.hpp>
#include <outlast/oauth2/jwt/key_fetch.hpp>
#include <outlast/oauth2/jwt/key_source_base.hpp>
#include <outlast/oauth2/jwt/key_source_options.hpp>
#include <outlast/oauth2/transport.hpp>
#include <outlast/result.hpp>
#include <outlast/run.hpp>

#include <utility>

namespace outlast::oauth2 {

/// Fetches an issuer's key set, once, on the calling thread: see `key_fetch::learnt`.
template <transport Transport>
class fetch_keys {
public:
    /// Both outlive it.
    fetch_keys(Transport& send, const key_fetch& what) noexcept : send_(&send), what_(&what) {}

    [[nodiscard]] result<jose::key_set_ptr> operator()(call& context, const key_query&) const {
        auto answered = (*send_)(what_->request(), http::limits{.by = context.steady_deadline(),
                                                                .stop = context.stop_token()});
        return what_->learnt(answered);
    }

private:
    Transport* send_;
    const key_fetch* what_;
};

/// The keys by which an issuer signs (RFC 7517), for local validation and for signed answers. Made of what
/// `key_source_base` says. Needs libcjose.
///
/// **Answers** the newest keys that can be had, at most `usable_for` old; a failure when there are none.
/// **Sharing** thread-safe; one for each issuer. The transport outlives its calls.
/// **Cost** keys at hand and fresh: one lookup, one share counted up.
/// \tparam Clock see `steady`
template <transport Transport, class Clock = steady>
class key_source : public key_source_base {
public:
    /// Throws `std::invalid_argument` with a sentence.
    key_source(key_source_options options, Transport& send)
        : key_source_base(std::move(options)), work_(send, *fetch()) {}

    /// \param max_age how old the keys may be at most: `options().unknown_after` where they lack one
    [[nodiscard]] result<jose::key_set_ptr> operator()(duration max_age = forever,
                                                       const limits& until = {}) {
        return run<Clock>(policies(), until, work_, key_query{max_age});
    }
    [[nodiscard]] jose::key_set_ptr in_hand() { return key_source_base::in_hand(Clock::now()); }

    /// What the policies guard: for another driver, and for probes.
    [[nodiscard]] const fetch_keys<Transport>& work() const noexcept { return work_; }

private:
    fetch_keys<Transport> work_;
};

template <class Transport>
key_source(key_source_options, Transport&) -> key_source<Transport>;

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_JWT_KEY_SOURCE_HPP
