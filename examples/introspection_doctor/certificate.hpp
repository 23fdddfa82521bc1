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

/// Has every handshake of `context` leave behind the certificate that was refused, or the server's own where all are
/// good. The verification stays what it is.
[[nodiscard]] std::shared_ptr<std::optional<certificate>>
watch_certificates(boost::asio::ssl::context& context);

} // namespace doctor
