// SPDX-License-Identifier: BSL-1.0
#include "server_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace rehearsal {

namespace {

constexpr std::chrono::milliseconds patience{5000};

[[noreturn]] void fail(const char* what) {
    throw std::system_error{errno, std::generic_category(), what};
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (std::string& text : texts) {
        out.push_back(text.data());
    }
    out.push_back(nullptr);
    return out;
}

std::vector<std::string> environment_with(const std::string& secret) {
    std::vector<std::string> out{"OUTLAST_CLIENT_SECRET=" + secret};
    for (char** variable = environ; *variable != nullptr; ++variable) {
        if (!std::string_view{*variable}.starts_with("OUTLAST_CLIENT_SECRET=")) {
            out.emplace_back(*variable);
        }
    }
    return out;
}

/// In the child, between fork and exec: system calls only.
[[noreturn]] void become_server(
    const char* program, char** arguments, char** environment, int in, int out, pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL); // it never outlives the rehearsal
    if (getppid() != parent || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0) {
        _exit(127);
    }
    close_range(3, ~0U, 0);
    setpgid(0, 0); // Ctrl-C is for the rehearsal, which ends its server itself
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    execve(program, arguments, environment);
    _exit(127);
}

} // namespace

private_folder::private_folder()
    : path_{(std::filesystem::temp_directory_path() / "outlast-rehearsal-XXXXXX").string()} {
    if (mkdtemp(path_.data()) == nullptr) {
        fail("cannot make a temporary folder");
    }
}

private_folder::~private_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

server_process::server_process(server_settings settings) : settings_{std::move(settings)} {
    settings_.store = folder_.path() + "/tokens";
    start();
}

server_process::~server_process() { kill(); }

void server_process::start() {
    std::vector<std::string> arguments{"rehearsal",     "--serve", "--store",
                                       settings_.store, "--port",  std::to_string(settings_.port)};
    for (const std::string& id : settings_.client_ids) {
        arguments.insert(arguments.end(), {"--client-id", id});
    }
    std::vector<std::string> environment = environment_with(settings_.client_secret);
    const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
    auto argv = pointers(arguments);
    auto envp = pointers(environment);

    std::array<int, 2> to{};
    std::array<int, 2> from{};
    if (pipe2(to.data(), O_CLOEXEC) != 0 || pipe2(from.data(), O_CLOEXEC) != 0) {
        fail("pipe");
    }
    const pid_t parent = getpid();
    pid_ = fork();
    if (pid_ == 0) {
        become_server(program.c_str(), argv.data(), envp.data(), to[0], from[1], parent);
    }
    close(to[0]);
    close(from[1]);
    commands_ = to[1];
    answers_ = from[0];
    unread_.clear();
    if (pid_ < 0) {
        fail("fork");
    }
    for (std::string line = read_line(); line != "ready"; line = read_line()) {
        if (line.empty()) {
            throw std::runtime_error{"the authorization server did not start"};
        }
        if (line.starts_with("issuer ")) {
            issuer_ = line.substr(7);
            settings_.port =
                static_cast<std::uint16_t>(std::stoi(issuer_.substr(issuer_.rfind(':') + 1)));
        }
    }
}

void server_process::kill() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL); // a stopped process dies of it, too
        while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
        }
        pid_ = -1;
    }
    for (int* end : {&commands_, &answers_}) {
        if (*end >= 0) {
            close(std::exchange(*end, -1));
        }
    }
}

void server_process::restart() {
    kill();
    start();
}

void server_process::freeze() { ::kill(pid_, SIGSTOP); }

void server_process::thaw() { ::kill(pid_, SIGCONT); }

void server_process::overload(bool yes) {
    const std::string mode = yes ? "overload" : "normal";
    if (ask(mode) != mode) {
        throw std::runtime_error{"the authorization server does not take commands"};
    }
}

std::optional<std::map<std::string, std::uint64_t>> server_process::introspections() {
    std::istringstream words{ask("calls")};
    std::string word;
    if (!(words >> word) || word != "calls") {
        return std::nullopt;
    }
    std::map<std::string, std::uint64_t> out;
    while (words >> word) {
        const auto equal = word.rfind('=');
        out[word.substr(0, equal)] = std::stoull(word.substr(equal + 1));
    }
    return out;
}

std::string server_process::ask(const std::string& command) {
    const std::string line = command + '\n';
    if (write(commands_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
        return {};
    }
    return read_line();
}

/// One line of the server's, empty when it says none in time.
std::string server_process::read_line() {
    const auto until = std::chrono::steady_clock::now() + patience;
    for (;;) {
        if (const auto end = unread_.find('\n'); end != unread_.npos) {
            std::string line = unread_.substr(0, end);
            unread_.erase(0, end + 1);
            return line;
        }
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            until - std::chrono::steady_clock::now());
        pollfd event{answers_, POLLIN, 0};
        if (left.count() <= 0 || poll(&event, 1, static_cast<int>(left.count())) == 0) {
            return {};
        }
        std::array<char, 512> bytes{};
        const auto count = read(answers_, bytes.data(), bytes.size());
        if (count == 0 || (count < 0 && errno != EINTR)) {
            return {};
        }
        unread_.append(bytes.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
    }
}

} // namespace rehearsal
