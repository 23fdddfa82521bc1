// SPDX-License-Identifier: BSL-1.0
//
// Forgetting what was a secret.
#ifndef OUTLAST_HTTP_WIPE_HPP
#define OUTLAST_HTTP_WIPE_HPP

#include <cstddef>
#include <string>

namespace outlast::http {

/// Overwrites what may be a secret, in a way that the compiler does not remove.
inline void wipe(std::string& text) noexcept {
    volatile char* const bytes = text.data();
    for (std::size_t i = 0; i < text.size(); ++i)
        bytes[i] = 0;
    text.clear();
}

} // namespace outlast::http

#endif // OUTLAST_HTTP_WIPE_HPP
