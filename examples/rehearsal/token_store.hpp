// SPDX-License-Identifier: BSL-1.0
//
// The authorization server's database: tokens and revocations, kept in an append-only file so that
// a server that was killed knows after its restart what it knew before.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace rehearsal {

struct issued_token {
    std::string client_id;
    std::int64_t issued_at = 0; ///< seconds since 1970
    std::int64_t expires_at = 0;
    bool revoked = false;
};

class token_store {
public:
    /// Reads the file if it is there. An empty name keeps everything in memory only.
    /// Throws std::system_error when the file cannot be opened.
    explicit token_store(const std::string& file);
    ~token_store();

    token_store(const token_store&) = delete;
    token_store& operator=(const token_store&) = delete;

    void add(const std::string& token, const issued_token& facts);
    void revoke(const std::string& token);
    [[nodiscard]] std::optional<issued_token> find(const std::string& token) const;

private:
    void load(const std::string& file);
    void append(const std::string& line);

    mutable std::mutex mutex_;
    std::map<std::string, issued_token> tokens_;
    int journal_ = -1;
};

} // namespace rehearsal
