// SPDX-License-Identifier: BSL-1.0
//
// Which token is sent when: one timetable, made before the start and the same for both APIs.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <vector>

namespace rehearsal {

struct planned_request {
    std::chrono::nanoseconds at{}; ///< after the start
    std::size_t token = 0;         ///< in the token book
};

using request_stream = std::vector<planned_request>;

/// Where the tokens come from. Of 40 requests 28 carry steady tokens, 7 changing ones (those that
/// are revoked or expire on the way), 4 a token that no API has seen, and 1 garbage. What there
/// is none of, steady tokens replace.
struct token_supply {
    std::vector<std::size_t> steady;
    std::vector<std::size_t> changing{};
    std::function<std::size_t()> unknown{};
    std::function<std::size_t()> garbage{};
};

request_stream
make_stream(double per_second, std::chrono::duration<double> length, const token_supply& supply);

} // namespace rehearsal
