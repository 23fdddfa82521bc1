// SPDX-License-Identifier: BSL-1.0
//
// What only the blocking introspector tells of a story's calls.
#ifndef OUTLAST_TESTS_OAUTH2_SUPPORT_BLOCKING_WAY_HPP
#define OUTLAST_TESTS_OAUTH2_SUPPORT_BLOCKING_WAY_HPP

#include "oauth2/support/way.hpp"

#include <string>

namespace outlast_tests {

/// What the failure behind a 503 says to whoever runs it; empty where there is none.
std::string message_of(call& c);

} // namespace outlast_tests

#endif // OUTLAST_TESTS_OAUTH2_SUPPORT_BLOCKING_WAY_HPP
