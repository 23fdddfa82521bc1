// SPDX-License-Identifier: BSL-1.0
//
// What the gateway is told in its file.
#pragma once

#include <outlast/http/beast_options.hpp>
#include <outlast/oauth2/introspector_options.hpp>
#include <outlast/oauth2/policy.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace gateway {

/// What the tokens of one part of an API must be.
struct route {
    std::string path; ///< of the request to the gateway, or what it begins with, up to a "/"
    outlast::oauth2::requirements wanted;
    outlast::duration max_age = outlast::forever; ///< of a verdict; 0: a live one each time
};

struct configuration {
    std::string host = "127.0.0.1";
    std::uint16_t port = 8480; ///< for the proxy
    std::uint16_t admin_port =
        8481; ///< for the monitoring: /health, /ready, /metrics, /status, /revoke
    outlast::duration drain = std::chrono::seconds{10}; ///< for requests under way, at the end
    std::vector<std::string> claims; ///< further ones, handed on as X-Auth-Claim-…
    outlast::oauth2::introspector_options introspector;
    /// As many connections, in all and to one server, as the admission lets calls through, at least.
    outlast::http::beast_options transport{.max_connections = 64, .max_connections_per_origin = 64};
    std::uint32_t rechecks_per_second = 10; ///< at most, of tokens that were served stale; 0: none
    outlast::duration canary_every =
        std::chrono::seconds{5}; ///< while a breaker is not closed; 0: never
    std::vector<route> routes;   ///< the longest path first
};

/// Whether two programs might read a path differently: dots, empty parts, and what is escaped or ends a path elsewhere.
[[nodiscard]] bool is_ambiguous(std::string_view path);

/// What is wrong, and where: "gateway.toml:12: …".
struct bad_configuration : std::runtime_error {
    using runtime_error::runtime_error;
};

/// Reads TOML. Secrets stand in files or in the environment, never in it.
/// \param name of the file, for messages
/// \throws bad_configuration
[[nodiscard]] configuration read_configuration(std::string_view text, const std::string& name);

/// \throws bad_configuration also when the file cannot be read
[[nodiscard]] configuration read_configuration_file(const std::string& path);

} // namespace gateway
