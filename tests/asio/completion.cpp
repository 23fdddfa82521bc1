// SPDX-License-Identifier: BSL-1.0
#include <outlast/asio/completion.hpp>

#include "support/catch.hpp"

#include <boost/asio/error.hpp>
#include <boost/outcome/std_result.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <tuple>
#include <type_traits>

using boost::system::error_code;
using outlast::refusal;
using outlast::result;

namespace {

template <class Signature, class... X>
auto lift(X... x) {
    return outlast::detail::completion<Signature>::lift(std::move(x)...);
}

const error_code refused = make_error_code(boost::asio::error::connection_refused);

} // namespace

TEST_CASE("a completion with an error code") {
    CHECK(lift<void(error_code, int)>(error_code{}, 1).value() == 1);
    CHECK(lift<void(error_code, int)>(refused, 1).error().code() == std::errc::connection_refused);
    CHECK(lift<void(error_code)>(error_code{}).has_value());
    CHECK(lift<void(error_code)>(refused).error().code() == std::errc::connection_refused);
    CHECK(lift<void(const error_code&, int)>(error_code{}, 1).value() == 1);
    CHECK(lift<void(std::error_code, int)>(std::error_code{}, 2).value() == 2);
    CHECK(lift<void(std::error_code)>(std::make_error_code(std::errc::io_error)).error().code() ==
          std::errc::io_error);
}

TEST_CASE("a completion with an exception") {
    const auto thrown = std::make_exception_ptr(
        std::system_error{std::make_error_code(std::errc::host_unreachable)});
    CHECK(lift<void(std::exception_ptr, int)>(std::exception_ptr{}, 3).value() == 3);
    CHECK(lift<void(std::exception_ptr, int)>(thrown, 3).error().code() ==
          std::errc::host_unreachable);
    CHECK(lift<void(std::exception_ptr)>(std::exception_ptr{}).has_value());
    CHECK(lift<void(std::exception_ptr)>(std::make_exception_ptr(1)).error().why() ==
          refusal::threw);
    const boost::system::system_error of_boost{make_error_code(boost::asio::error::eof)};
    const auto kept = lift<void(std::exception_ptr)>(std::make_exception_ptr(of_boost));
    CHECK(kept.error().code() == std::error_code{of_boost.code()});
    CHECK(kept.error().thrown() != nullptr);
    const outlast::failed nested{outlast::failure{refusal::circuit_open}};
    CHECK(lift<void(std::exception_ptr)>(std::make_exception_ptr(nested)).error().why() ==
          refusal::circuit_open);
}

TEST_CASE("a completion with values alone, or with a result") {
    using other = boost::outcome_v2::std_result<int>;
    CHECK(lift<void(int)>(4).value() == 4);
    CHECK(lift<void()>().has_value());
    CHECK(lift<void(result<int>)>(result<int>{5}).value() == 5);
    CHECK(lift<void(result<int>)>(result<int>{refusal::unavailable}).error().why() ==
          refusal::unavailable);
    CHECK(lift<void(other)>(other{6}).value() == 6);
    CHECK(lift<void(other)>(other{std::make_error_code(std::errc::io_error)}).error().code() ==
          std::errc::io_error);
    CHECK(
        lift<void(error_code, std::optional<int>)>(error_code{}, std::optional<int>{}).has_error());
    CHECK(lift<void(error_code, result<int>)>(error_code{}, result<int>{8}).value() == 8);
}

TEST_CASE("a completion with several values, and with one that can only be moved") {
    using outlast::detail::completion;
    const auto r = lift<void(error_code, int, std::string)>(error_code{}, 7, std::string{"seven"});
    CHECK(r.value() == std::tuple{7, std::string{"seven"}});
    CHECK(*lift<void(error_code, std::unique_ptr<int>)>(error_code{}, std::make_unique<int>(9))
               .value() == 9);
    STATIC_REQUIRE(std::is_same_v<completion<void(int, int)>::value_type, std::tuple<int, int>>);
    STATIC_REQUIRE(std::is_same_v<completion<void(error_code)>::value_type, void>);
    STATIC_REQUIRE(std::is_same_v<completion<void(error_code, const int&)>::value_type, int>);
}
