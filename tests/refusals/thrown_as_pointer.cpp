// SPDX-License-Identifier: BSL-1.0
// refused: outlast::failure::thrown_as: a pointer that was thrown cannot be shown in its place
#include <outlast/outlast.hpp>

#include <stdexcept>

int main() {
    outlast::pipeline p{outlast::retry{}};
    const auto r = p([]() -> int { throw "text"; });
#ifdef OUTLAST_REFUSAL_FIXED
    return r.error().thrown_as<std::exception>() == nullptr;
#else
    return r.error().thrown_as<const char*>() == nullptr;
#endif
}
