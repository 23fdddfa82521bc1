// SPDX-License-Identifier: BSL-1.0
// refused: outlast: what does this error mean\? Give its type a make_error_code
#include <outlast/outlast.hpp>

#include <boost/outcome/std_result.hpp>

namespace mine {
struct error {
    int n = 0;
};
#ifdef OUTLAST_REFUSAL_FIXED
inline std::error_code make_error_code(const error& e) { return {e.n, std::generic_category()}; }
#endif
} // namespace mine

using answer =
    boost::outcome_v2::basic_result<int, mine::error, boost::outcome_v2::policy::all_narrow>;

int main() {
    outlast::pipeline p{outlast::retry{}};
    return p([]() -> answer { return 0; }).value();
}
