// SPDX-License-Identifier: BSL-1.0
// refused: outlast::late_value: what it shows a value to can be called neither with the callable's value
#include <outlast/late_value.hpp>
#include <outlast/outlast.hpp>

#include <string>

int main() {
#ifdef OUTLAST_REFUSAL_FIXED
    outlast::pipeline p{outlast::late_value{[](int) {}}};
#else
    outlast::pipeline p{outlast::late_value{[](const std::string&) {}}};
#endif
    return p([] { return 0; }).value();
}
