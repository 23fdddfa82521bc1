// SPDX-License-Identifier: BSL-1.0
//
// What a call through a cache needs only if the cache cannot answer it at once.
#ifndef OUTLAST_CACHE_ASKING_HPP
#define OUTLAST_CACHE_ASKING_HPP

#include <outlast/step.hpp>
#include <outlast/time.hpp>

#include <system_error>

namespace outlast::detail {

/// \tparam Seat its place among those who want the same
template <class Seat>
struct asking {
    Seat place{};
    instant park_until = never;
    instant work_until = never;
    bool holds_stale = false;
    bool refreshes = false; // while it holds a fresh answer, or has given it
    verdict outcome{};      // what the work came to, or the wait for it

    /// Whether the work might have done better by a later deadline.
    /// \param asked when the call began
    [[nodiscard]] bool for_want_of_time(reading& now, const verdict& v, instant asked) const {
        if (work_until == never)
            return false;
        if (now.get() >= work_until ||
            (v.kind == verdict_kind::neutral && v.why == refusal::timed_out))
            return true;
        // A callable that keeps its deadline keeps some distance from it, too.
        return v.error() == std::errc::timed_out &&
               until(now.get(), work_until) < until(asked, work_until) / 10;
    }

    /// The deadline of those who share this failure. Others have so much more time that another attempt
    /// may well fit into it: as much again as was left here, so that a crowd with about the same time
    /// does not fail one by one. A server that said when to come back is not asked by anybody.
    [[nodiscard]] instant shared_by(reading& now, const verdict& v) const {
        return !v.hurried || v.has_hint() ? never : after(work_until, until(now.get(), work_until));
    }
};

/// A failure as those who waited for it are told.
[[nodiscard]] inline verdict as_news(verdict v) noexcept {
    v.hurried = false; // that was the time of who asked, not theirs
    return v;
}

} // namespace outlast::detail

#endif // OUTLAST_CACHE_ASKING_HPP
