// SPDX-License-Identifier: BSL-1.0
//
// Examinations made by hand.
#pragma once

#include "seen.hpp"
#include "sentence.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace doctor_tests {

using namespace std::chrono_literals;

inline constexpr std::chrono::sys_days today{std::chrono::year{2026} / 11 / 29};

inline doctor::asker orders() {
    return {.client_id = "orders",
            .has_credentials = true,
            .random_token = true,
            .timeout = 5s,
            .slow_after = 2s,
            .now = today};
}

inline doctor::examination of(std::vector<doctor::sight> sights,
                              const std::string& url = "https://idp.example/introspect") {
    return {.url = url, .target = *outlast::http::read_url(url, true), .sights = std::move(sights)};
}

inline doctor::sight name(doctor::problem wrong = {}) {
    return {.what = doctor::step::name, .where = "idp.example", .took = 2ms, .wrong = wrong};
}

inline doctor::sight connection(const std::string& address, doctor::problem wrong = {}) {
    return {.what = doctor::step::connection, .where = address, .took = 1ms, .wrong = wrong};
}

inline doctor::certificate good_certificate() {
    return {.subject = "CN=idp.example",
            .issuer = "CN=Example CA",
            .not_before = today - std::chrono::days{100},
            .not_after = today + std::chrono::days{100},
            .hosts = {"idp.example", "login.example"},
            .depth = 0};
}

inline doctor::sight tls(const std::string& address,
                         doctor::problem wrong = {},
                         doctor::certificate shown = good_certificate()) {
    return {.what = doctor::step::tls,
            .where = address,
            .took = 12ms,
            .wrong = wrong,
            .shown = std::move(shown)};
}

inline doctor::sight
introspection(doctor::problem wrong = {}, int status = 200, std::optional<bool> active = false) {
    return {.what = doctor::step::introspection,
            .where = "192.0.2.7",
            .took = 34ms,
            .wrong = wrong,
            .status = status,
            .active = wrong.index() == 0 ? active : std::nullopt};
}

} // namespace doctor_tests
