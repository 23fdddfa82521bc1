// SPDX-License-Identifier: BSL-1.0
#include "options.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <functional>
#include <map>
#include <system_error>

namespace rehearsal {

const char* const help_text = R"(Rehearses an outage of an OAuth2 authorization server.

  run [--quick | --seconds N] [--rate N] [--page FILE | --no-page] [--json FILE]

Starts an authorization server of its own on this machine and the same small API twice: once bare,
which asks the server for each request and answers 401 when no good answer comes, and once guarded
by outlast. Both get the same requests. The server is killed, frozen and overloaded, and brought
back each time. You see each second, then a table, a verdict, and a page with the timelines.

  --quick         the whole story in less than half a minute
  --seconds N     the whole story in N seconds (20 to 3600; usually 75)
  --rate N        requests per second to each API (4 to 200; usually 40)
  --page FILE     where the page goes (usually outage-rehearsal.html in this folder)
  --no-page       no page
  --json FILE     writes all figures

With a server of yours it only observes: it never kills, freezes, overloads or revokes anything.
Both APIs ask your server about a few tokens, and their answers are counted.

  run --issuer URL --client-id ID [--introspection-endpoint URL] [--token TOKEN]...
      [--seconds N] [--rate N] [--page FILE | --no-page] [--json FILE]

  --issuer URL                  its metadata name the endpoints; https, or http on this machine
  --introspection-endpoint URL  where to ask, if the metadata do not say or there is no --issuer
  --client-id ID                who asks
  --client-secret SECRET        better in the environment: OUTLAST_CLIENT_SECRET
  --token TOKEN                 a token to use, repeatable; without one, a few are fetched from the
                                issuer by client credentials
  --seconds N                   for how long (1 to 86400; usually 30)
  --rate N                      usually 8: the bare API sends your server one question for each

The embedded server alone, in the foreground, for example to try the above:

  run --serve --client-id ID [--client-id ID]... [--port N] [--store FILE]

  --port N        usually a free one
  --store FILE    keeps tokens and revocations there across restarts

It prints its endpoints, takes its clients' secret from OUTLAST_CLIENT_SECRET, and the commands
"overload", "normal" and "calls" from standard input.

Exit codes: 0 it ran, whatever the verdict; 1 it could not; 2 bad arguments; 130 interrupted.
)";

namespace {

constexpr const char* secret_variable = "OUTLAST_CLIENT_SECRET";

int number(const std::string& name, const std::string& text) {
    int out = 0;
    const char* end = text.data() + text.size();
    const auto [last, error] = std::from_chars(text.data(), end, out);
    if (error != std::errc{} || last != end) {
        throw usage_error{name + " needs a whole number, not '" + text + "'"};
    }
    return out;
}

void within(const char* name, const std::optional<int>& value, int least, int most) {
    if (value && (*value < least || *value > most)) {
        throw usage_error{std::string{name} + " must lie between " + std::to_string(least) +
                          " and " + std::to_string(most)};
    }
}

void check_url(const char* name, const std::string& url) {
    const bool here = url.starts_with("http://127.0.0.1:") ||
                      url.starts_with("http://127.0.0.1/") ||
                      url.starts_with("http://localhost:") ||
                      url.starts_with("http://localhost/") || url.starts_with("http://[::1]");
    if (!url.empty() && !here && !url.starts_with("https://")) {
        throw usage_error{std::string{name} + " needs an https URL (http on this machine only)"};
    }
}

void check_observation(const options& o) {
    check_url("--issuer", o.issuer);
    check_url("--introspection-endpoint", o.introspection_endpoint);
    within("--seconds", o.seconds, 1, 86400);
    if (o.quick) {
        throw usage_error{"--quick is for the rehearsal; with a server of yours use --seconds"};
    }
    if (o.issuer.empty() && o.introspection_endpoint.empty()) {
        throw usage_error{"--client-id, --client-secret and --token need --issuer or "
                          "--introspection-endpoint (or --serve)"};
    }
    if (o.client_ids.size() != 1 || o.client_secret.empty()) {
        throw usage_error{std::string{"a server of yours needs one --client-id and its secret ("} +
                          secret_variable + " or --client-secret)"};
    }
    if (o.issuer.empty() && o.tokens.empty()) {
        throw usage_error{"--introspection-endpoint without --issuer needs at least one --token"};
    }
}

void check_serving(const options& o) {
    if (o.client_ids.empty() || o.client_secret.empty()) {
        throw usage_error{
            std::string{"--serve needs at least one --client-id, and their secret in "} +
            secret_variable};
    }
    for (const std::string& id : o.client_ids) {
        if (id.empty() || id.find_first_of(" \t\r\n") != id.npos) {
            throw usage_error{"--serve takes client ids without blanks"};
        }
    }
    if (o.quick || o.seconds || o.per_second || !o.issuer.empty() ||
        !o.introspection_endpoint.empty() || !o.tokens.empty() || !o.json.empty()) {
        throw usage_error{"--serve goes with --client-id, --port and --store only"};
    }
}

void check(options& o) {
    const bool serving = o.wanted == options::job::serve;
    if (!serving && (o.port != 0 || !o.store.empty())) {
        throw usage_error{"--port and --store go with --serve only"};
    }
    within("--rate", o.per_second, 4, 200);
    if (serving) {
        check_serving(o);
    } else if (!o.issuer.empty() || !o.introspection_endpoint.empty() || !o.client_ids.empty() ||
               !o.tokens.empty()) {
        o.wanted = options::job::observe;
        check_observation(o);
    } else {
        within("--seconds", o.seconds, 20, 3600);
        if (o.quick && o.seconds) {
            throw usage_error{"--quick and --seconds exclude each other"};
        }
    }
}

} // namespace

options parse_options(const std::vector<std::string>& arguments) {
    options out;
    const std::map<std::string, std::function<void()>> flags{
        {"--help", [&] { out.wanted = options::job::help; }},
        {"-h", [&] { out.wanted = options::job::help; }},
        {"--quick", [&] { out.quick = true; }},
        {"--no-page", [&] { out.page.clear(); }},
        {"--serve", [&] { out.wanted = options::job::serve; }},
    };
    const std::map<std::string, std::function<void(const std::string&)>> values{
        {"--seconds", [&](auto& v) { out.seconds = number("--seconds", v); }},
        {"--rate", [&](auto& v) { out.per_second = number("--rate", v); }},
        {"--page", [&](auto& v) { out.page = v; }},
        {"--json", [&](auto& v) { out.json = v; }},
        {"--issuer", [&](auto& v) { out.issuer = v; }},
        {"--introspection-endpoint", [&](auto& v) { out.introspection_endpoint = v; }},
        {"--client-id", [&](auto& v) { out.client_ids.push_back(v); }},
        {"--client-secret", [&](auto& v) { out.client_secret = v; }},
        {"--token", [&](auto& v) { out.tokens.push_back(v); }},
        {"--store", [&](auto& v) { out.store = v; }},
        {"--port",
         [&](auto& v) {
             const int port = number("--port", v);
             within("--port", port, 0, 65535);
             out.port = static_cast<std::uint16_t>(port);
         }},
    };
    for (auto argument = arguments.begin(); argument != arguments.end(); ++argument) {
        const auto equal = argument->starts_with("--") ? argument->find('=') : std::string::npos;
        const std::string name = argument->substr(0, equal);
        if (const auto flag = flags.find(name); flag != flags.end() && equal == std::string::npos) {
            flag->second();
            if (out.wanted == options::job::help) {
                return out;
            }
            continue;
        }
        const auto option = values.find(name);
        if (option == values.end()) {
            throw usage_error{"unknown argument '" + name + "' (--help lists them)"};
        }
        const bool next = equal == std::string::npos;
        if (next && std::next(argument) == arguments.end()) {
            throw usage_error{name + " needs a value"};
        }
        const std::string value = next ? *++argument : argument->substr(equal + 1);
        if (value.empty()) {
            throw usage_error{name + " needs a value"};
        }
        option->second(value);
    }
    if (const char* secret = std::getenv(secret_variable);
        secret != nullptr && out.client_secret.empty()) {
        out.client_secret = secret;
    }
    check(out);
    return out;
}

} // namespace rehearsal
