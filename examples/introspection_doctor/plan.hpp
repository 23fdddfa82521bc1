// SPDX-License-Identifier: BSL-1.0
//
// What is to be looked at, and as whom.
#pragma once

#include <outlast/http/tls_context.hpp>
#include <outlast/oauth2/client_auth.hpp>
#include <outlast/oauth2/secret.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace doctor {

struct plan {
    std::vector<std::string> endpoints; ///< for introspection
    std::string issuer;                 ///< empty: no discovery
    outlast::oauth2::client_auth auth;
    outlast::oauth2::secret token; ///< empty: a random one
    outlast::http::tls_options tls;
    bool allow_plain_http = false;
    std::chrono::milliseconds timeout{5000}; ///< for each step
    std::chrono::milliseconds slow_after{
        2000}; ///< who introspects gives up: connecting and asking together
    bool json = false;
    bool help = false;
};

} // namespace doctor
