// SPDX-License-Identifier: BSL-1.0
//
// One thing that is wrong, in words: what it is and what to do.
#pragma once

#include "seen.hpp"

#include <chrono>
#include <string>

namespace doctor {

/// Who asked, as far as sentences tell it.
struct asker {
    std::string client_id;        ///< empty: none
    bool has_credentials = false; ///< a secret, a token or a key
    bool signs = false;           ///< with a key: private_key_jwt
    bool random_token = true;     ///< not one of --token-file
    std::chrono::milliseconds timeout{};
    std::chrono::milliseconds slow_after{};
    std::chrono::sys_seconds now{};
};

/// Without its full stop: "Nothing listens on port 443 of idp.example (192.0.2.7): start the server, or …"
/// \pre !s.good()
[[nodiscard]] std::string sentence_on(const sight& s, const examination& of, const asker& who);

/// "2026-11-01"
[[nodiscard]] std::string date_of(std::chrono::sys_seconds moment);

/// "0.4 ms", "350 ms", "2.5 s", "5 min", "3 h", "40 days"
[[nodiscard]] std::string span_of(std::chrono::nanoseconds span);

} // namespace doctor
