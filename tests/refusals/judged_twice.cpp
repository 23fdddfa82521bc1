// SPDX-License-Identifier: BSL-1.0
// refused: outlast::judged: this callable is judged already, and only the outer judge would be heard
#include <outlast/outlast.hpp>

int main() {
    outlast::pipeline p{outlast::retry{}};
    const auto of_values = [](int n) { return n > 0; };
    const auto of_failures = [](const outlast::failure&) { return outlast::verdict::neutral(); };
#ifdef OUTLAST_REFUSAL_FIXED
    return p(outlast::judged{[] { return 1; }, of_values, of_failures}).value();
#else
    return p(outlast::judged{outlast::judged{[] { return 1; }, of_values}, of_failures}).value();
#endif
}
