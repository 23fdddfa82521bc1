// SPDX-License-Identifier: BSL-1.0
// refused: outlast: this result's error cannot be made from a failure or from a std::error_code
#include <outlast/outlast.hpp>

#include <boost/outcome/std_result.hpp>

struct error {
    int n = 0;
#ifdef OUTLAST_REFUSAL_FIXED
    explicit error(const outlast::failure& f) : n(f.code().value()) {}
#endif
};

using answer = boost::outcome_v2::basic_result<int, error, boost::outcome_v2::policy::all_narrow>;

int main() { return outlast::as<answer>(outlast::result<int>{0}).assume_value(); }
