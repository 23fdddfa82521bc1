// SPDX-License-Identifier: BSL-1.0
//
// An authorization server as its clients use it: where its endpoints are, and tokens from it.
#pragma once

#include "http_client.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace rehearsal {

struct endpoints {
    std::string token;
    std::string introspection;
};

/// Reads the issuer's metadata (RFC 8414, OpenID discovery) as the library does, but once. Throws std::runtime_error, in one sentence, when that does not work.
endpoints discover(const std::string& issuer);

class token_source {
public:
    token_source(std::string token_endpoint, std::string client_id, std::string client_secret);

    struct issued {
        std::string value;
        std::optional<std::chrono::seconds> lives;
    };

    /// A token by client credentials. `lifetime` is understood by the embedded server only.
    /// Throws std::runtime_error when there is none to be had.
    issued issue(std::optional<std::chrono::seconds> lifetime = std::nullopt);

private:
    std::string endpoint_;
    std::string client_id_;
    std::string client_secret_;
    http_client http_;
};

} // namespace rehearsal
