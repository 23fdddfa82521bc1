// SPDX-License-Identifier: BSL-1.0
//
// Over how many tokens in a row the server has refused our own credentials or configuration.
#ifndef OUTLAST_OAUTH2_FAULT_ROW_HPP
#define OUTLAST_OAUTH2_FAULT_ROW_HPP

#include <outlast/guarded.hpp>
#include <outlast/oauth2/reason.hpp>
#include <outlast/oauth2/token_digest.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <mutex>

namespace outlast::oauth2 {

/// One token can make a healthy server, or a filter in front of it, answer as if our configuration
/// were wrong (404, 405, 415). So that it cannot set the fault latch for all others, each token counts
/// once in a row of faults (threat S8). A definite answer ends a row, and so does its last fault, since
/// the latch is set by then: what tries it out later counts anew.
///
/// Thread-safe. Not by time, as `repeated_failures` is: the latch's row lasts as long, and one token
/// may be patient.
class fault_row {
public:
    /// As many faults in a row set the latch.
    static constexpr std::size_t length = 3;

    /// Whether this reason lengthens a row. A 403 does not: any token may be forbidden to us.
    [[nodiscard]] static constexpr bool takes(reason why) noexcept {
        return class_of(why) == outcome_class::fault && why != reason::forbidden;
    }

    /// There was a fault over this token. \return whether that one has counted in this row already
    [[nodiscard]] bool again(const token_digest& token) {
        return row_.with([&](row& r) {
            const auto end = r.seen.begin() + r.size;
            if (std::find(r.seen.begin(), end, token) != end)
                return true;
            if (r.size == length - 1)
                r.size = 0;
            else
                r.seen[r.size++] = token;
            return false;
        });
    }

    /// The server has given a definite answer, about whatever token.
    void answered() {
        row_.with([](row& r) { r.size = 0; });
    }

private:
    struct row {
        std::array<token_digest, length - 1> seen{};
        std::size_t size = 0;
    };

    guarded<row, std::mutex> row_{};
};

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_FAULT_ROW_HPP
