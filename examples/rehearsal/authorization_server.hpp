// SPDX-License-Identifier: BSL-1.0
//
// A small OAuth2 authorization server: client credentials, introspection (RFC 7662), revocation
// (RFC 7009) and metadata (RFC 8414), with client_secret_basic and opaque tokens.
#pragma once

#include "http_server.hpp"
#include "token_store.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace rehearsal {

struct server_settings {
    std::vector<std::string> client_ids; ///< all with the one secret
    std::string client_secret;
    std::string store{};    ///< file for the tokens; empty: in memory only
    std::uint16_t port = 0; ///< 0: a free one
};

class authorization_server {
public:
    /// Listens at once. Throws std::system_error when it cannot.
    explicit authorization_server(const server_settings& settings);

    [[nodiscard]] const std::string& issuer() const { return issuer_; }

    /// While overloaded it answers everything with 503 and `Retry-After: 1`.
    void overloaded(bool yes) { overloaded_ = yes; }

    /// Introspection requests received from each client since the start, in whatever mode.
    [[nodiscard]] std::map<std::string, std::uint64_t> introspections() const;

private:
    reply answer(const http_request& request);
    [[nodiscard]] reply metadata() const;
    reply issue(const std::string& client, const std::string& form);
    [[nodiscard]] reply introspect(const std::string& form) const;
    reply revoke(const std::string& client, const std::string& form);
    [[nodiscard]] std::string authenticated(const std::string& authorization) const;

    server_settings settings_;
    token_store tokens_;
    std::string issuer_;
    std::atomic<bool> overloaded_{false};
    mutable std::mutex mutex_;
    std::map<std::string, std::uint64_t> introspections_;
    http_server http_; // last: it answers as soon as it is there, and ends before the rest
};

} // namespace rehearsal
