// SPDX-License-Identifier: BSL-1.0
// refused: outlast::fallback: the answer is neither a value of the callable's type
#include <outlast/outlast.hpp>

#include <string>

int main() {
#ifdef OUTLAST_REFUSAL_FIXED
    outlast::pipeline p{outlast::fallback{7}};
#else
    outlast::pipeline p{outlast::fallback{std::string{"seven"}}};
#endif
    return p([] { return 0; }).value();
}
