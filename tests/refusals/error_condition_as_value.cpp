// SPDX-License-Identifier: BSL-1.0
// refused: outlast: this callable returns an error, and would succeed with it as its value: return a std::error_code
#include <outlast/outlast.hpp>

#include <system_error>

int main() {
    outlast::pipeline p{outlast::retry{}};
#ifdef OUTLAST_REFUSAL_FIXED
    return p([] { return std::make_error_code(std::errc::connection_refused); }).has_value();
#else
    return p([] { return std::errc::connection_refused; }).has_value();
#endif
}
