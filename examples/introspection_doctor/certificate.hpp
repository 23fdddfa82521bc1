// SPDX-License-Identifier: BSL-1.0
//
// What a certificate says of itself.
#pragma once

#include "seen.hpp"

#include <boost/asio/ssl/context.hpp>

#include <openssl/x509.h>

#include <memory>
#include <optional>

namespace doctor {

[[nodiscard]] certificate read_certificate(X509* from, int depth = 0);

/// What the last handshake was about.
struct handshake_seen {
    std::optional<certificate>
        shown;                ///< the one that was refused, or the server's own where all are good
    bool misses_ours = false; ///< the server asked for a certificate of ours, and there is none
};

/// Has every handshake of `context` tell. The verification stays what it is.
/// \return what is reset before a handshake and read after it; outlives the connections
[[nodiscard]] std::shared_ptr<handshake_seen> watch_handshakes(boost::asio::ssl::context& context);

} // namespace doctor
