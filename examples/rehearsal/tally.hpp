// SPDX-License-Identifier: BSL-1.0
//
// Counting: from the record of a rehearsal to its figures. Nothing here knows the story.
#pragma once

#include "stage.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace rehearsal {

/// The figures of one API, in one phase or in all.
struct tally {
    std::size_t requests = 0;
    std::map<int, std::size_t> answers; ///< by status; 0: no answer at all

    std::size_t known_requests = 0;   ///< valid, and this API had answered 200 for the token before
    std::size_t valid_refused = 0;    ///< of those, not answered 200
    std::size_t unknown_requests = 0; ///< valid, and new to this API
    std::size_t unknown_refused = 0;  ///< of those, not answered 200
    std::size_t false_401 = 0;        ///< valid, known or new, and answered 401

    std::size_t expired_accepted = 0;
    std::size_t revoked_accepted = 0;
    std::size_t revoked_accepted_after_live = 0; ///< though a live verdict had come since

    std::size_t retry_after_missing = 0; ///< 503 without that header
    std::optional<double> unknown_first_ms;
    std::optional<double> unknown_p99_ms; ///< in an outage: without its first moments
    std::uint64_t server_calls = 0;
    std::optional<std::uint64_t> server_counted; ///< the same by the server's own count
};

struct phase_figures {
    std::string name;
    double seconds = 0;
    both<tally> sides;
};

/// The answers to the requests sent in one second, for the picture.
struct bar {
    std::size_t served = 0;
    std::size_t served_wrongly = 0; ///< 200 to a revoked or expired token
    std::size_t denied = 0;
    std::size_t denied_wrongly = 0; ///< 401 to a valid token
    std::size_t unavailable = 0;    ///< 503
    std::size_t other = 0;
};

struct figures {
    double seconds = 0;
    double settling_seconds = 0;
    double outage_seconds = 0;
    double lag_ms = 0; ///< the latest that a request was sent after its time
    std::vector<phase_figures> phases;
    phase_figures outages; ///< all of them together
    phase_figures totals;
    both<std::vector<bar>> bars;                ///< by second
    both<std::vector<std::uint64_t>> call_bars; ///< by second
};

/// Adds one answer to a bar.
void add_to(bar& second, const observation& seen, const token_book& tokens);

figures count(const record& happened, const token_book& tokens);

} // namespace rehearsal
