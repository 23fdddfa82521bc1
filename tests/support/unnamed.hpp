// SPDX-License-Identifier: BSL-1.0
//
// A retry that does not say that it is one: an order that a pipeline refuses must be safe too.
#ifndef OUTLAST_TESTS_SUPPORT_UNNAMED_HPP
#define OUTLAST_TESTS_SUPPORT_UNNAMED_HPP

#include <outlast/retry.hpp>

namespace outlast_tests {

struct unnamed : outlast::retry {
    static constexpr outlast::duty does = outlast::duty::other;
    explicit unnamed(const outlast::retry& r) : outlast::retry(r) {}
};

} // namespace outlast_tests

#endif
