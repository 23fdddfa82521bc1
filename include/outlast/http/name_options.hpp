// SPDX-License-Identifier: BSL-1.0
//
// What can be chosen about looking names up.
#ifndef OUTLAST_HTTP_NAME_OPTIONS_HPP
#define OUTLAST_HTTP_NAME_OPTIONS_HPP

#include "outlast/http/system_lookup.hpp"
#include <outlast/time.hpp>

#include <chrono>
#include <cstddef>

namespace outlast::http {

/// How names are looked up, and how long what was found is used. Times are from 0 to 10 years.
struct name_options {
    /// How long addresses are used without asking again. At least 1 ms.
    duration fresh_for = std::chrono::seconds{30};

    /// Before the end of `fresh_for`: the first call in that time has the name looked up in the
    /// background, and waits for nothing. At most half of `fresh_for` counts. Zero: never.
    duration refresh_before = std::chrono::seconds{10};

    /// How long after `fresh_for` addresses are used while the name service fails. Zero: not at all.
    duration stale_for = std::chrono::hours{24};

    /// How long a look-up may delay calls that could go to a stale address.
    duration stale_after = std::chrono::milliseconds{200};

    /// After a look-up that failed, none of the same name is made for so long; calls are answered
    /// with stale addresses, or with the same failure.
    duration pause = std::chrono::seconds{1};

    /// Most look-ups at once, each on a thread: so many names may be stuck before another one has
    /// to wait for them. At least 1.
    std::size_t max_threads = 4;

    /// Most names that are remembered, and most that are looked up or wait to be. At least 1.
    std::size_t max_names = 256;

    /// Called on threads of the resolver's own, several at once, and perhaps still running when the
    /// transport is gone. An exception is `name_lookup_failed`.
    lookup_function lookup = system_lookup;
};

/// Whether the numbers are inside their bounds.
[[nodiscard]] inline bool is_usable(const name_options& o) {
    using namespace std::chrono_literals;
    const auto good = [](duration d) { return d >= 0ns && d <= std::chrono::hours{24 * 3653}; };
    return o.fresh_for >= 1ms && good(o.fresh_for) && good(o.refresh_before) && good(o.stale_for) &&
           good(o.stale_after) && good(o.pause) && o.max_threads != 0 && o.max_names != 0 &&
           o.max_names < 1'000'000 && o.lookup != nullptr;
}

} // namespace outlast::http

#endif // OUTLAST_HTTP_NAME_OPTIONS_HPP
