// SPDX-License-Identifier: BSL-1.0
//
// The truth about every token of the rehearsal, against which each answer is judged.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace rehearsal {

using steady = std::chrono::steady_clock;

/// What the right answer to a request was. `unclear`: the token changed while the request was
/// under way, or nobody here knows (a token that was handed in).
enum class truth { valid, never_issued, revoked, expired, unclear };

/// Tokens are added before the clients start and revoked while they run.
class token_book {
public:
    struct token {
        std::string value;
        std::optional<steady::time_point> expires; ///< nothing: not known to expire
        bool issued = true;
        bool known_truth = true;
    };

    std::size_t add(token facts);

    /// A revocation took effect at some moment between these two.
    void revoked(std::size_t index, steady::time_point asked, steady::time_point confirmed);

    [[nodiscard]] const std::string& value(std::size_t index) const;

    /// The truth for a request that was under way between these two.
    [[nodiscard]] truth
    judge(std::size_t index, steady::time_point sent, steady::time_point answered) const;

private:
    struct revocation {
        steady::time_point asked;
        steady::time_point confirmed;
    };

    std::vector<token> tokens_;
    mutable std::mutex mutex_;
    std::vector<std::optional<revocation>> revocations_;
};

} // namespace rehearsal
