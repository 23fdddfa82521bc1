// SPDX-License-Identifier: BSL-1.0
//
// What a call returns: a value, or a failure.
#ifndef OUTLAST_RESULT_HPP
#define OUTLAST_RESULT_HPP

#include <outlast/failure.hpp>

#include <boost/version.hpp>
#if BOOST_VERSION < 108100
#error "outlast needs Boost 1.81 or later: an older one comes first on the include path"
#endif
#include <boost/outcome/std_result.hpp>

#include <string>
#include <system_error>
#include <utility>

namespace outlast {

/// A value or a `failure`, on Boost.Outcome: `if (r) use(r.value()); else
/// log(r.error().message());` BOOST_OUTCOME_TRY works with it. Spelt on `std_result`: Boost's
/// default `result` costs twice the compile time of this whole library.
template <class T>
using result = boost::outcome_v2::std_result<T, failure>;

#if OUTLAST_EXCEPTIONS
/// What `result::value()` throws when there is none.
class failed : public std::system_error {
public:
    explicit failed(failure why)
        : std::system_error(why.code()), sentence_(why.message()), why_(std::move(why)) {}
    [[nodiscard]] const char* what() const noexcept override { return sentence_.c_str(); }
    [[nodiscard]] const failure& why() const noexcept { return why_; }

private:
    std::string sentence_;
    failure why_;
};
#endif

/// Boost.Outcome calls this when a value is asked of a result that holds a failure.
[[noreturn]] inline void outcome_throw_as_system_error_with_payload(failure why) {
#if OUTLAST_EXCEPTIONS
    throw failed(std::move(why));
#else
    (void)why;
    std::abort();
#endif
}

} // namespace outlast

#endif // OUTLAST_RESULT_HPP
