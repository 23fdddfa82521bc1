// SPDX-License-Identifier: BSL-1.0
//
// Catch2, whichever of 2.13 (one header) and 3 (a library) is installed, under the names of
// version 3. A test includes this header and nothing of Catch2's own.
#ifndef OUTLAST_TESTS_SUPPORT_CATCH_HPP
#define OUTLAST_TESTS_SUPPORT_CATCH_HPP

#define CATCH_CONFIG_ENABLE_ALL_STRINGMAKERS // optional, pair, tuple, variant are printed

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#define OUTLAST_TESTS_CATCH2 3
#else
#include <catch2/catch.hpp>
#define OUTLAST_TESTS_CATCH2 2
#endif

// Catch2 has the compiler look at each checked expression once more for its warnings, which evaluates a
// constant one over and over: a test that sums in a constexpr function compiled for half a minute.
#undef CATCH_INTERNAL_IGNORE_BUT_WARN
#define CATCH_INTERNAL_IGNORE_BUT_WARN(...)

#include <string>

namespace outlast_tests {

// Set by OUTLAST_SKIP, read and cleared by the listener in catch_main.cpp.
extern std::string skip_reason;

} // namespace outlast_tests

// Leaves the test case and has it counted as skipped: OUTLAST_SKIP("no IPv6 on this machine").
// In the body of the TEST_CASE or SECTION itself, not in a lambda.
#if OUTLAST_TESTS_CATCH2 == 3
#define OUTLAST_SKIP(reason)                                                                       \
    do {                                                                                           \
        ::outlast_tests::skip_reason = reason;                                                     \
        SKIP(::outlast_tests::skip_reason);                                                        \
    } while (false)
#else
#define OUTLAST_SKIP(reason)                                                                       \
    do {                                                                                           \
        ::outlast_tests::skip_reason = reason;                                                     \
        SUCCEED(::outlast_tests::skip_reason);                                                     \
        return;                                                                                    \
    } while (false)

namespace Catch::Matchers {

inline auto ContainsSubstring(std::string const& part,
                              CaseSensitive::Choice caseSensitivity = CaseSensitive::Yes) {
    return Contains(part, caseSensitivity);
}

} // namespace Catch::Matchers
#endif

#endif
