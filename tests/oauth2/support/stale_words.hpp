// SPDX-License-Identifier: BSL-1.0
//
// Counts of tokens that were served stale, as a test that fails shows them.
#ifndef OUTLAST_TESTS_OAUTH2_SUPPORT_STALE_WORDS_HPP
#define OUTLAST_TESTS_OAUTH2_SUPPORT_STALE_WORDS_HPP

#include <outlast/oauth2/stale_ledger.hpp>

#include <ostream>

namespace outlast::oauth2 {
inline std::ostream& operator<<(std::ostream& out, const stale_counts& c) {
    return out << "served " << c.served << ", active " << c.active << ", inactive " << c.inactive
               << ", expired " << c.expired << ", dropped " << c.dropped << ", waiting "
               << c.waiting;
}
} // namespace outlast::oauth2

#endif // OUTLAST_TESTS_OAUTH2_SUPPORT_STALE_WORDS_HPP
