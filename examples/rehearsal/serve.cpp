// SPDX-License-Identifier: BSL-1.0
#include "serve.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <iostream>
#include <string>

namespace rehearsal {

namespace {

/// Carries out one command; each is answered with one line.
void obey(authorization_server& server, const std::string& command) {
    if (command == "overload" || command == "normal") {
        server.overloaded(command == "overload");
        std::cout << command << std::endl;
    } else if (command == "calls") {
        std::cout << "calls";
        for (const auto& [client, count] : server.introspections()) {
            std::cout << ' ' << client << '=' << count;
        }
        std::cout << std::endl;
    } else {
        std::cout << "commands: overload, normal, calls" << std::endl;
    }
}

/// False at the end of the input.
bool take_commands(authorization_server& server, std::string& pending) {
    std::array<char, 256> bytes{};
    const auto count = ::read(STDIN_FILENO, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) {
        return true;
    }
    if (count <= 0) {
        return false;
    }
    pending.append(bytes.data(), static_cast<std::size_t>(count));
    for (auto end = pending.find('\n'); end != pending.npos; end = pending.find('\n')) {
        obey(server, pending.substr(0, end));
        pending.erase(0, end + 1);
    }
    return true;
}

} // namespace

int serve(const server_settings& settings) {
    std::signal(SIGTTIN, SIG_IGN); // in the background of a terminal: no commands, but no halt
    sigset_t endings;
    sigemptyset(&endings);
    sigaddset(&endings, SIGINT);
    sigaddset(&endings, SIGTERM);
    sigprocmask(SIG_BLOCK, &endings, nullptr); // before the first thread: all inherit it
    const int ended = signalfd(-1, &endings, SFD_CLOEXEC);

    authorization_server server{settings};
    std::cout << "issuer " << server.issuer() << "\ntoken endpoint " << server.issuer()
              << "/token\nintrospection endpoint " << server.issuer()
              << "/introspect\nrevocation endpoint " << server.issuer() << "/revoke\nready"
              << std::endl;

    std::string pending;
    std::array<pollfd, 2> events{pollfd{ended, POLLIN, 0}, pollfd{STDIN_FILENO, POLLIN, 0}};
    while ((events[0].revents & POLLIN) == 0) {
        if (::poll(events.data(), events.size(), -1) < 0 && errno != EINTR) {
            break;
        }
        if (events[1].revents != 0 && !take_commands(server, pending)) {
            events[1].fd = -1; // no more commands: serve on
        }
    }
    ::close(ended);
    return 0;
}

} // namespace rehearsal
