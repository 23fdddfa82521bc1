// SPDX-License-Identifier: BSL-1.0
//
// introspection_doctor: why everybody gets 401 or 503. README.md beside it tells the whole.
#include "examine.hpp"
#include "options.hpp"
#include "report.hpp"

#include <csignal>
#include <exception>
#include <iostream>

namespace {

doctor::asker asker_in(const doctor::plan& what) {
    namespace oauth2 = outlast::oauth2;
    return {.client_id = std::string{oauth2::client_id(what.auth)},
            .has_credentials = !std::holds_alternative<oauth2::no_client_auth>(what.auth),
            .signs = std::holds_alternative<oauth2::client_credentials_maker>(what.auth),
            .random_token = what.token.empty(),
            .timeout = what.timeout,
            .slow_after = what.slow_after,
            .now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now())};
}

} // namespace

int main(int argc, char** argv) {
    try {
        std::signal(SIGPIPE, SIG_IGN); // a server that hangs up while it is written to
        const doctor::plan what = doctor::read_arguments({argv + 1, argv + argc});
        if (what.help) {
            std::cout << doctor::usage;
            return 0;
        }
        const auto seen = doctor::examine(what);
        const auto who = asker_in(what);
        std::cout << (what.json ? doctor::json(seen, who) : doctor::table(seen, who)) << std::flush;
        return static_cast<int>(doctor::judge(seen, who).state);
    } catch (const doctor::usage_error& e) {
        std::cerr << "introspection_doctor: " << e.what() << "; see --help\n";
        return 2;
    } catch (const std::exception& e) {
        std::cerr << "introspection_doctor: " << e.what() << '\n';
        return 1;
    }
}
