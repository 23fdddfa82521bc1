// SPDX-License-Identifier: BSL-1.0
#include "request_stream.hpp"

namespace rehearsal {

request_stream
make_stream(double per_second, std::chrono::duration<double> length, const token_supply& supply) {
    constexpr std::size_t cycle = 40;
    const auto count = static_cast<std::size_t>(per_second * length.count());
    request_stream out;
    std::vector<std::size_t> shown; // unknown tokens in the order of their first use
    std::size_t steady_uses = 0;
    std::size_t changing_uses = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t place = i % cycle;
        std::size_t token = 0;
        if (place == 17 && supply.garbage) {
            token = supply.garbage();
        } else if (place % 10 == 3 && supply.unknown) {
            // Three of four are new, the fourth is used a second time.
            token = place == 33 && shown.size() >= 2 ? shown[shown.size() - 2] : supply.unknown();
            shown.push_back(token);
        } else if (place % 6 == 5 || place == 0) {
            const auto& from = supply.changing.empty() ? supply.steady : supply.changing;
            token = from[changing_uses++ % from.size()];
        } else {
            token = supply.steady[steady_uses++ % supply.steady.size()];
        }
        const std::chrono::duration<double> at{static_cast<double>(i) / per_second};
        out.push_back({std::chrono::duration_cast<std::chrono::nanoseconds>(at), token});
    }
    return out;
}

} // namespace rehearsal
