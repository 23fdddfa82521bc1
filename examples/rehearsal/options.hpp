// SPDX-License-Identifier: BSL-1.0
//
// The command line.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace rehearsal {

/// Bad arguments, in one sentence.
struct usage_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct options {
    enum class job { rehearse, observe, serve, help };

    job wanted = job::rehearse;
    bool quick = false;
    bool async = false;
    std::optional<int> seconds;
    std::optional<int> per_second;
    std::string page = "outage-rehearsal.html"; ///< empty: none
    std::string json;                           ///< empty: none

    std::string issuer;
    std::string introspection_endpoint;
    std::vector<std::string> client_ids;
    std::string client_secret;
    std::vector<std::string> tokens;

    std::uint16_t port = 0;
    std::string store;
};

/// Throws usage_error. Takes the secret from OUTLAST_CLIENT_SECRET if no argument has it.
options parse_options(const std::vector<std::string>& arguments);

/// The text of --help.
extern const char* const help_text;

} // namespace rehearsal
