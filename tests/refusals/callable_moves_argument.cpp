// SPDX-License-Identifier: BSL-1.0
// refused: Arguments are handed to every attempt as const lvalues, so that no attempt finds
#include <outlast/outlast.hpp>

#include <string>

int main() {
    outlast::pipeline p{outlast::retry{}};
#ifdef OUTLAST_REFUSAL_FIXED
    return p([](std::string s) { return static_cast<int>(s.size()); }, std::string{}).value();
#else
    return p([](std::string&& s) { return static_cast<int>(s.size()); }, std::string{}).value();
#endif
}
