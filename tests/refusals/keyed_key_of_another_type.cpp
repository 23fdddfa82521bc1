// SPDX-License-Identifier: BSL-1.0
// refused: outlast::keyed: its key function is called with the arguments of the call and gives a key
#include <outlast/keyed.hpp>
#include <outlast/outlast.hpp>

#include <functional>
#include <memory>
#include <string>

int main() {
#ifdef OUTLAST_REFUSAL_FIXED
    const auto key = [](int id) { return std::to_string(id); };
#else
    const auto key = [](int id) { return id; };
#endif
    outlast::keyed breakers{
        key, [](const std::string&) { return std::make_shared<outlast::circuit_breaker>(); }};
    outlast::pipeline p{std::ref(breakers)};
    return p([](int n) { return n; }, 7).value();
}
