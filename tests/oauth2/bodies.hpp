// SPDX-License-Identifier: BSL-1.0
//
// The standard answers of the scenarios, and the moments they name.
#ifndef OUTLAST_TESTS_OAUTH2_BODIES_HPP
#define OUTLAST_TESTS_OAUTH2_BODIES_HPP

#include <outlast/oauth2/response.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace outlast_tests {

/// T0 of the scenarios.
inline constexpr std::int64_t t0 = 1'700'000'000;

/// `offset` seconds after T0, as the wall clock says it.
inline std::chrono::system_clock::time_point at(double offset) {
    using namespace std::chrono;
    return system_clock::time_point{seconds{t0}} +
           duration_cast<system_clock::duration>(duration<double>{offset});
}

inline std::chrono::sys_seconds second(std::int64_t offset) {
    return std::chrono::sys_seconds{std::chrono::seconds{t0 + offset}};
}

/// R+(x).
inline std::string r_plus(std::int64_t offset) {
    return R"({"active":true,"exp":)" + std::to_string(t0 + offset) +
           R"(,"scope":"read","aud":"api","sub":"u1","client_id":"c1"})";
}

/// R-.
inline constexpr std::string_view r_minus = R"({"active":false})";

inline outlast::oauth2::response_view json(std::string_view body, int status = 200) {
    outlast::oauth2::response_view view;
    view.status = status;
    view.content_type = "application/json";
    view.body = body;
    return view;
}

/// What a 200 with this JSON comes to.
inline outlast::oauth2::finding found(std::string_view body,
                                      outlast::oauth2::document_options const& options = {}) {
    return classify(json(body), at(0), options);
}

} // namespace outlast_tests

#endif // OUTLAST_TESTS_OAUTH2_BODIES_HPP
