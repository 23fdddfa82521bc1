// SPDX-License-Identifier: BSL-1.0
//
// introspection_gateway FILE: answers nginx (auth_request), Envoy (ext_authz) or HAProxy whether a request with a
// bearer token may pass. README.md beside it tells the whole.
#include "config.hpp"
#include "gateway.hpp"
#include "log.hpp"
#include "server.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <unistd.h>

#include <csignal>
#include <exception>
#include <iostream>
#include <string_view>
#include <utility>

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr const char* usage = R"(usage: introspection_gateway [--check] FILE

  FILE      the configuration (TOML): see gateway.toml
  --check   reads it, says what is wrong with it, and ends

Answers a proxy that asks about requests with a bearer token: 200 with X-Auth-… headers, 401, 403, or 503 with
Retry-After when the authorization server cannot be asked and nothing is known. On a second port /health, /ready,
/metrics (Prometheus), /status (a page), /revoke (POST token=…: refused from then on). SIGTERM and SIGINT: requests
under way are answered first.
Exit code: 0 stopped or the file is good, 1 it cannot run, 2 a wrong argument or configuration.
)";

asio::awaitable<void> until_told(asio::io_context& context,
                                 gateway::introspection_gateway& answers,
                                 gateway::server& front,
                                 outlast::duration drain,
                                 gateway::log& log) {
    asio::signal_set signals{context, SIGINT, SIGTERM};
    co_await signals.async_wait(asio::as_tuple(asio::use_awaitable));
    log.line("info", "stopping");
    answers.retire();
    co_await front.stop(drain);
    log.line("info", "stopped");
    context.stop();
}

int run(gateway::configuration c) {
    gateway::log log{STDOUT_FILENO};
    asio::io_context context{1}; // one thread: no locks inside
    const tcp::endpoint at{asio::ip::make_address(c.host), c.port};
    const tcp::endpoint admin_at{at.address(), c.admin_port};
    const outlast::duration drain = c.drain;
    gateway::introspection_gateway answers{std::move(c), context, log};
    gateway::server front{context, at,
                          [&](const gateway::request& asked) { return answers.answer(asked); }};
    gateway::server admin{context, admin_at,
                          [&](const gateway::request& asked) { return answers.show(asked); }};
    front.start();
    admin.start();
    answers.start();
    asio::co_spawn(context, until_told(context, answers, front, drain, log), asio::detached);
    log.line(
        "info", "started",
        {{"host", at.address().to_string()}, {"port", front.port()}, {"admin_port", admin.port()}});
    context.run();
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    const bool only_check = argc == 3 && std::string_view{argv[1]} == "--check";
    if (argc != 2 + only_check || std::string_view{argv[argc - 1]}.starts_with('-')) {
        for (int i = 1; i != argc; ++i)
            if (const std::string_view given = argv[i];
                given.starts_with('-') && given != "--check" && given != "--help")
                std::cerr << "introspection_gateway: there is no option " << given << '\n';
        const bool asked = argc == 2 && std::string_view{argv[1]} == "--help";
        (asked ? std::cout : std::cerr) << usage;
        return asked ? 0 : 2;
    }
    std::signal(SIGPIPE, SIG_IGN); // whoever reads the log may go
    std::signal(SIGHUP, SIG_IGN);  // there is no reload: a restart forgets what is known
    try {
        gateway::configuration c = gateway::read_configuration_file(argv[argc - 1]);
        if (!only_check)
            return run(std::move(c));
        std::cout << argv[argc - 1] << ": good\n";
        return 0;
    } catch (const gateway::bad_configuration& e) {
        std::cerr << e.what() << '\n';
        return 2;
    } catch (const std::exception& e) {
        std::cerr << "introspection_gateway: " << e.what() << '\n';
        return 1;
    }
}
