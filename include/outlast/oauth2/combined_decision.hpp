// SPDX-License-Identifier: BSL-1.0
//
// What several issuers, asked about one token, come to together.
#ifndef OUTLAST_OAUTH2_COMBINED_DECISION_HPP
#define OUTLAST_OAUTH2_COMBINED_DECISION_HPP

#include <outlast/oauth2/answer.hpp>
#include <outlast/oauth2/decision.hpp>
#include <outlast/oauth2/reason.hpp>

#include <charconv>
#include <optional>
#include <utility>

namespace outlast::oauth2 {

/// Takes the decisions of issuers one after another: one that knows the token decides, whether it is allowed or
/// not; all say no: 401; none knows it and one at least cannot tell: 503, with the earliest Retry-After.
class combined_decision {
public:
    /// \return the decision; none: the next is to be asked
    [[nodiscard]] std::optional<decision> take(decision d) {
        if (d.status == 503) {
            const int wait = retry_after(d.reply);
            if (!cannot_tell_ || wait < wait_) {
                cannot_tell_ = std::move(d);
                wait_ = wait;
            }
            return std::nullopt;
        }
        if (d.because != reason::inactive)
            return d; // it knows the token; or no issuer was asked, as the request is no good for any
        no_ = std::move(d);
        return std::nullopt;
    }

    /// Nobody is left to be asked. \pre somebody was
    [[nodiscard]] decision end() && {
        return cannot_tell_ ? *std::move(cannot_tell_) : *std::move(no_);
    }

private:
    static int retry_after(const answer& said) noexcept {
        int seconds = 0;
        for (const auto& [name, value] : said.headers) {
            if (name == "Retry-After")
                std::from_chars(value.data(), value.data() + value.size(), seconds);
        }
        return seconds;
    }

    std::optional<decision> cannot_tell_{};
    std::optional<decision> no_{};
    int wait_ = 0;
};

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_COMBINED_DECISION_HPP
