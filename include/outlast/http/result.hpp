// SPDX-License-Identifier: BSL-1.0
//
// What the parts of a transport answer with: a value, or a code of `errc`.
#ifndef OUTLAST_HTTP_RESULT_HPP
#define OUTLAST_HTTP_RESULT_HPP

#include "outlast/http/error.hpp"

#include <boost/outcome/std_result.hpp>

namespace outlast::http::detail {

template <class T>
using result = boost::outcome_v2::std_result<T>;

} // namespace outlast::http::detail

#endif // OUTLAST_HTTP_RESULT_HPP
