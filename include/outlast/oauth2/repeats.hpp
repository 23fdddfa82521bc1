// SPDX-License-Identifier: BSL-1.0
//
// Which tokens the server has failed over lately.
#ifndef OUTLAST_OAUTH2_REPEATS_HPP
#define OUTLAST_OAUTH2_REPEATS_HPP

#include <outlast/guarded.hpp>
#include <outlast/lru.hpp>
#include <outlast/oauth2/token_digest.hpp>
#include <outlast/time.hpp>

#include <chrono>
#include <cstddef>
#include <mutex>
#include <utility>

namespace outlast::oauth2 {

/// One token can make a healthy server fail again and again (an answer that cannot be read, a crash
/// on that very token). So that it cannot open the breaker for all others, a failure after the
/// request was sent counts once a token in `span` (threat S8), until the server has answered about it.
/// Failures over ten tokens in a row are no token's doing: while such an outage lasts each failure
/// counts, so that a probe over any token tells the breaker that the server is still away, and the
/// answer that ends it ends all suspicions, so that the next one opens the breaker as soon.
///
/// Thread-safe; bounded: beyond `capacity` the token that failed longest ago is forgotten, and its
/// next failure counts again.
class repeated_failures {
public:
    explicit repeated_failures(duration span = std::chrono::seconds{10},
                               std::size_t capacity = 4096)
        : span_(span), last_(capacity) {}

    /// Whether a failure over this token was counted less than `span` ago, and there is no outage. If
    /// not, this one is.
    [[nodiscard]] bool again(const token_digest& token, instant now) {
        return last_.with([&](table& t) {
            const counted* last = t.of.find(token);
            const bool suspect =
                last != nullptr && last->outages == t.outages && now < after(last->at, span_);
            if (suspect && t.row < outage)
                return true;
            t.of.put(token, {now, t.outages});
            ++t.row;
            return false;
        });
    }

    /// The server has given a definite answer about this token: it is under no suspicion any more.
    void answered(const token_digest& token) {
        last_.with([&](table& t) {
            t.of.erase(token);
            if (std::exchange(t.row, 0) >= outage)
                ++t.outages;
        });
    }

private:
    static constexpr std::size_t outage =
        10; // what opens the introspector's breaker if not set otherwise

    struct counted {
        instant at;
        std::size_t outages; // that had ended by then
    };
    struct table {
        explicit table(std::size_t capacity) : of(capacity) {}
        lru_map<token_digest, counted> of;
        std::size_t row = 0; // counted since the last answer
        std::size_t outages = 0;
    };

    duration span_;
    guarded<table, std::mutex> last_;
};

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_REPEATS_HPP
