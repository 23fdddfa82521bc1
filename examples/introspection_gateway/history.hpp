// SPDX-License-Identifier: BSL-1.0
//
// The last minutes, second by second, for the status page.
#pragma once

#include "metrics.hpp"

#include <boost/json/array.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace gateway {

/// **Sharing** by one thread.
class history {
public:
    static constexpr std::size_t seconds = 300;

    void checked(std::int64_t second, answer_class how) {
        ++at(second).answers[static_cast<std::size_t>(how)];
    }
    void called(std::int64_t second, outlast::duration took) {
        slot& s = at(second);
        ++s.calls;
        s.took += took;
        s.longest = std::max(s.longest, took);
    }

    /// Oldest first: [second, live, cached, stale, refused, unavailable, unauthenticated, calls, mean ms, longest ms]
    [[nodiscard]] boost::json::array json(std::int64_t now) const;

private:
    struct slot {
        std::int64_t second = -1;
        std::array<std::uint32_t, answer_classes> answers{};
        std::uint32_t calls = 0;
        outlast::duration took{};
        outlast::duration longest{};
    };
    slot& at(std::int64_t second) {
        slot& s = slots_[static_cast<std::size_t>(second) % seconds];
        if (s.second != second)
            s = {.second = second};
        return s;
    }

    std::array<slot, seconds> slots_{};
};

} // namespace gateway
