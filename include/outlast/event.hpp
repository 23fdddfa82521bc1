// SPDX-License-Identifier: BSL-1.0
//
// What a policy tells about itself, to whoever wants to know.
#ifndef OUTLAST_EVENT_HPP
#define OUTLAST_EVENT_HPP

#include <outlast/callback.hpp>
#include <outlast/label.hpp>
#include <outlast/step.hpp>
#include <outlast/tally.hpp>
#include <outlast/time.hpp>

#include <cstdint>
#include <string_view>

namespace outlast {

/// What happened. A plain success is no event: it would cost every call something.
enum class event_kind : std::uint8_t {
    retrying,     ///< retry: another attempt will be made, after `span`
    gave_up,      ///< retry: no further attempt; failover: no further target; `outcome` stands
    timed_out,    ///< timeout: its limit `span` was reached
    late_value,   ///< timeout: and what came too late was good
    refused,      ///< breaker, memo: a call was not let through; `span`: until asking makes sense.
                  ///< bulkhead: the same; `span`: how long it had waited
    waited,       ///< bulkhead: a call was let through after it had waited for `span`
    hedged,       ///< hedge: another lane was started, `span` after the call began
    opened,       ///< breaker: for `span`
    half_opened,  ///< breaker
    closed,       ///< breaker
    would_open,   ///< breaker in shadow mode: it would have opened
    hit,          ///< cache: answered, with something of age `span`
    stale,        ///< cache: answered with something stale, of age `span`, because the work failed
    missed,       ///< cache: nothing to answer with, so that `outcome` is what the work came to
    refreshed,    ///< cache: answered by the work, which was asked before the entry had its end
    stored,       ///< cache: an answer was kept, fresh for `span`
    store_failed, ///< cache: the store threw
    fell_back,    ///< fallback: `outcome` was replaced
    failed_over,  ///< failover: the next target is asked, as one came to `outcome`
};

/// One event of one policy; event_text.hpp writes it as a line for a log.
struct event {
    event_kind what{};
    label policy{};            ///< its kind: "retry"
    label name{};              ///< its name, from its options
    label tags{};              ///< its tags, from its options
    std::uint32_t attempt = 0; ///< of a retry: the attempt that is over; of a hedge: the new one;
                               ///< of a failover: which target of this call it was, from 1
    duration span{};           ///< see `event_kind`
    verdict outcome{};         ///< what the call came to, where it is over
    std::string_view why{};    ///< in a word, fit for a metric label: "slow_calls"
    tally counts{};            ///< of a breaker that changes its state: what decided, if any did
};

/// Takes events; empty by default, and then costs one test where something went wrong and nothing
/// where nothing did. Called on the thread of the call, under no lock; must not throw.
using sink = callback<void(const event&)>;

[[nodiscard]] constexpr std::string_view to_string(event_kind k) noexcept {
    switch (k) {
    case event_kind::retrying:
        return "retrying";
    case event_kind::gave_up:
        return "gave_up";
    case event_kind::timed_out:
        return "timed_out";
    case event_kind::late_value:
        return "late_value";
    case event_kind::refused:
        return "refused";
    case event_kind::waited:
        return "waited";
    case event_kind::hedged:
        return "hedged";
    case event_kind::opened:
        return "opened";
    case event_kind::half_opened:
        return "half_opened";
    case event_kind::closed:
        return "closed";
    case event_kind::would_open:
        return "would_open";
    case event_kind::hit:
        return "hit";
    case event_kind::stale:
        return "stale";
    case event_kind::missed:
        return "missed";
    case event_kind::refreshed:
        return "refreshed";
    case event_kind::stored:
        return "stored";
    case event_kind::store_failed:
        return "store_failed";
    case event_kind::fell_back:
        return "fell_back";
    case event_kind::failed_over:
        return "failed_over";
    }
    return "unknown";
}

} // namespace outlast

#endif // OUTLAST_EVENT_HPP
