// SPDX-License-Identifier: BSL-1.0
#include "options.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <functional>
#include <map>
#include <system_error>

namespace rehearsal {

const char* const help_text =
#include "help_text.inc" // examples/run shows it, too
    ;

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
    if (o.quick || o.async || o.seconds || o.per_second || !o.issuer.empty() ||
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
        {"--async", [&] { out.async = true; }},
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
