// SPDX-License-Identifier: BSL-1.0
//
// The authorization server as a process of its own, which can be killed, frozen and brought back.
#pragma once

#include "authorization_server.hpp"

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace rehearsal {

/// A private folder under the temporary one; it goes with the object.
class private_folder {
public:
    private_folder();
    ~private_folder();
    private_folder(const private_folder&) = delete;
    private_folder& operator=(const private_folder&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

class server_process {
public:
    /// Starts the server. Throws std::runtime_error when it does not come up.
    explicit server_process(server_settings settings);
    ~server_process(); ///< ends it, frozen or not, and waits for it

    server_process(const server_process&) = delete;
    server_process& operator=(const server_process&) = delete;

    [[nodiscard]] const std::string& issuer() const { return issuer_; }

    void kill();    ///< SIGKILL, and waits until it is gone
    void restart(); ///< on the same port and the same tokens
    void freeze();  ///< SIGSTOP
    void thaw();    ///< SIGCONT
    void overload(bool yes);

    /// Introspection requests that this process has received, by client; nothing if it is silent.
    std::optional<std::map<std::string, std::uint64_t>> introspections();

private:
    void start();
    std::string ask(const std::string& command);
    std::string read_line();

    private_folder folder_;
    server_settings settings_;
    std::string issuer_;
    std::string unread_;
    pid_t pid_ = -1;
    int commands_ = -1;
    int answers_ = -1;
};

} // namespace rehearsal
