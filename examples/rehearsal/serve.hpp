// SPDX-License-Identifier: BSL-1.0
//
// `--serve`: the authorization server alone, in the foreground.
#pragma once

#include "authorization_server.hpp"

namespace rehearsal {

/// Prints its endpoints, one a line and then `ready`, and serves until SIGINT or SIGTERM.
/// Meanwhile it takes commands from standard input: `overload`, `normal`, `calls`.
/// Answers the exit code.
int serve(const server_settings& settings);

} // namespace rehearsal
