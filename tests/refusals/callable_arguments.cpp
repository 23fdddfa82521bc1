// SPDX-License-Identifier: BSL-1.0
// refused: outlast: the callable accepts neither \(call&, arguments.*\) nor \(arguments.*\)
#include <outlast/outlast.hpp>

#include <string>

int main() {
    outlast::pipeline p{outlast::retry{}};
#ifdef OUTLAST_REFUSAL_FIXED
    return p([](const std::string& s) { return static_cast<int>(s.size()); }, std::string{})
        .value();
#else
    return p([](int n) { return n; }, std::string{}).value();
#endif
}
