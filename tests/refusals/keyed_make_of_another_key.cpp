// SPDX-License-Identifier: BSL-1.0
// refused: outlast::keyed: `make` is called with a key \(a std::string, unless said otherwise\)
#include <outlast/keyed.hpp>
#include <outlast/outlast.hpp>

#include <memory>
#include <string>

#ifdef OUTLAST_REFUSAL_FIXED
using key = std::string;
#else
using key = int;
#endif

int main() {
    outlast::keyed breakers{
        [](const std::string& host) { return host; },
        [](const key&) { return std::make_shared<outlast::circuit_breaker>(); }};
    return static_cast<int>(breakers.size());
}
