// SPDX-License-Identifier: BSL-1.0
// refused: outlast::judged: the judge takes neither the callable's value
#include <outlast/outlast.hpp>

#include <string>

int main() {
    outlast::pipeline p{outlast::retry{}};
#ifdef OUTLAST_REFUSAL_FIXED
    return p(outlast::judged{[] { return 1; }, [](int n) { return n > 0; }}).value();
#else
    return p(outlast::judged{[] { return 1; }, [](const std::string&) { return true; }}).value();
#endif
}
