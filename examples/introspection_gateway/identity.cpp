// SPDX-License-Identifier: BSL-1.0
#include "identity.hpp"

#include <chrono>
#include <optional>
#include <span>

namespace gateway {

namespace {

// A blank stands between two, and in none of them.
std::string list_value(const auto& texts) {
    std::string all;
    for (const std::string& one : texts) {
        if (!all.empty())
            all.push_back(' ');
        for (const char c : header_value(one))
            all.append(c == ' ' ? "%20" : std::string(1, c));
    }
    return all;
}

std::string seconds_value(const std::optional<std::chrono::sys_seconds>& at) {
    return at ? std::to_string(at->time_since_epoch().count()) : "";
}

// The ones of RFC 7662 that have no header of their own are no further claims either.
std::string claim_value(const outlast::oauth2::facts& who, const std::string& claim) {
    if (claim == "iat")
        return seconds_value(who.iat);
    if (claim == "nbf")
        return seconds_value(who.nbf);
    if (claim == "jti" || claim == "token_type") {
        const auto& said = claim == "jti" ? who.jti : who.token_type;
        return said ? list_value(std::span{&*said, 1}) : "";
    }
    return list_value(who.claim(claim));
}

} // namespace

std::string header_name(const std::string& claim) {
    std::string name = "X-Auth-Claim-";
    bool first = true;
    for (const char c : claim) { // as headers are written; '_' would be dropped by some proxies
        const bool lower = c >= 'a' && c <= 'z';
        name.push_back(c == '_' ? '-' : first && lower ? static_cast<char>(c - 'a' + 'A') : c);
        first = c == '_' || c == '-';
    }
    return name;
}

std::string header_value(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string value;
    for (std::size_t i = 0; i != text.size(); ++i) {
        const char c = text[i];
        const bool trimmed = c == ' ' && (i == 0 || i + 1 == text.size() || text[i - 1] == ' ');
        if (c >= ' ' && c <= '~' && c != '%' && !trimmed) {
            value.push_back(c);
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        value.push_back('%');
        value.push_back(digits[byte >> 4]);
        value.push_back(digits[byte & 15]);
    }
    return value;
}

std::vector<std::pair<std::string, std::string>>
identity_headers(const outlast::oauth2::decision& d, const std::vector<std::string>& claims) {
    using std::chrono::duration_cast;
    using std::chrono::seconds;
    const auto& who = *d.who;
    const auto or_empty = [](const std::optional<std::string>& said) {
        return header_value(said.value_or(""));
    };
    std::vector<std::pair<std::string, std::string>> all{
        {"X-Auth-Subject", or_empty(who.sub)},
        {"X-Auth-Client", or_empty(who.client_id)},
        {"X-Auth-Username", or_empty(who.username)},
        {"X-Auth-Issuer", or_empty(who.iss)},
        {"X-Auth-Audience", list_value(who.aud)},
        {"X-Auth-Scope", list_value(who.scope)},
        {"X-Auth-Expires", seconds_value(who.exp)},
        {"X-Auth-How", std::string{to_string(d.how)}},
        {"X-Auth-Age", std::to_string(duration_cast<seconds>(d.age).count())},
    };
    for (const std::string& claim : claims)
        all.emplace_back(header_name(claim), claim_value(who, claim));
    return all;
}

} // namespace gateway
