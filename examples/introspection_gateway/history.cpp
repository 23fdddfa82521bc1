// SPDX-License-Identifier: BSL-1.0
#include "history.hpp"

#include <chrono>

namespace gateway {

namespace {

double in_ms(outlast::duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

} // namespace

boost::json::array history::json(std::int64_t now) const {
    boost::json::array all;
    for (std::int64_t second = now - static_cast<std::int64_t>(seconds) + 1; second <= now;
         ++second) {
        if (second < 0)
            continue;
        const slot& s = slots_[static_cast<std::size_t>(second) % seconds];
        if (s.second != second)
            continue; // nothing happened in it
        boost::json::array one{second};
        for (const std::uint32_t n : s.answers)
            one.emplace_back(n);
        one.emplace_back(s.calls);
        one.emplace_back(s.calls == 0 ? 0.0 : in_ms(s.took) / s.calls);
        one.emplace_back(in_ms(s.longest));
        all.emplace_back(std::move(one));
    }
    return all;
}

} // namespace gateway
