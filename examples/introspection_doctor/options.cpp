// SPDX-License-Identifier: BSL-1.0
#include "options.hpp"

#include <outlast/http/url_target.hpp>

#include "config.hpp" // the gateway's

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

namespace doctor {

const char* const usage = R"(usage: introspection_doctor [OPTION]... URL...
       introspection_doctor [OPTION]... --issuer URL
       introspection_doctor [OPTION]... --gateway FILE

Says why tokens cannot be introspected: looks up the name, connects to each of its addresses, looks at the
certificate, and asks the introspection endpoint about a token. Changes nothing on the server.

  URL                       of an introspection endpoint
  --issuer URL              discovers the endpoint (RFC 8414)
  --gateway FILE            endpoints, credentials and limits of a gateway's configuration
  --client-id ID            who asks
  --client-secret-file FILE the client's secret,
  --client-secret-env NAME  or the environment variable that holds it
  --client-auth HOW         basic (with --client-id), post, none (without)
  --token-file FILE         the token to ask about; otherwise a random one, which nobody can have issued
  --ca-file FILE            authorities to trust (PEM) instead of the system's
  --timeout TIME            for each step, as 5s (the default) or 500ms
  --json                    the same for machines
  --help                    this

Exit code: 0 all is well, 2 wrong arguments, 3 the name, 4 the connection, 5 TLS, 6 the server ails, is overloaded
or slow, 7 it refuses our credentials or configuration, 8 its answer cannot be believed, 1 the doctor itself failed.
)";

namespace {

namespace oauth2 = outlast::oauth2;

using given = std::map<std::string, std::string, std::less<>>;

const std::set<std::string, std::less<>> with_value{"--issuer",
                                                    "--gateway",
                                                    "--client-id",
                                                    "--client-secret-file",
                                                    "--client-secret-env",
                                                    "--client-auth",
                                                    "--token-file",
                                                    "--ca-file",
                                                    "--timeout"};

std::string value_of(const given& options, std::string_view name) {
    const auto at = options.find(name);
    return at == options.end() ? "" : at->second;
}

/// Without the line's end, which editors add.
oauth2::secret content_of(const std::string& option, const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    std::string text{std::istreambuf_iterator<char>{file}, {}};
    if (!file)
        throw usage_error{option + ": cannot read " + path};
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
        text.pop_back();
    if (text.empty())
        throw usage_error{option + ": " + path + " is empty"};
    return oauth2::secret::take(text);
}

oauth2::secret secret_in(const given& options) {
    const std::string file = value_of(options, "--client-secret-file");
    const std::string variable = value_of(options, "--client-secret-env");
    if (!file.empty() && !variable.empty())
        throw usage_error{
            "the secret is in --client-secret-file or in --client-secret-env, not in both"};
    if (!file.empty())
        return content_of("--client-secret-file", file);
    if (variable.empty())
        return {};
    const char* const found = std::getenv(variable.c_str());
    if (found == nullptr || *found == '\0')
        throw usage_error{"--client-secret-env: the environment has no " + variable};
    return oauth2::secret{std::string_view{found}};
}

oauth2::client_auth auth_in(const given& options) {
    std::string id = value_of(options, "--client-id");
    oauth2::secret password = secret_in(options);
    std::string how = value_of(options, "--client-auth");
    if (how.empty())
        how = id.empty() && password.empty() ? "none" : "basic";
    if (how == "none") {
        if (!password.empty())
            throw usage_error{"--client-auth none has no use for a secret"};
        return oauth2::no_client_auth{std::move(id)};
    }
    if (how != "basic" && how != "post")
        throw usage_error{"--client-auth is basic, post or none"};
    if (id.empty())
        throw usage_error{"--client-auth " + how + " needs --client-id"};
    if (password.empty())
        throw usage_error{"--client-auth " + how +
                          " needs --client-secret-file or --client-secret-env"};
    if (how == "basic")
        return oauth2::client_secret_basic{std::move(id), std::move(password)};
    return oauth2::client_secret_post{std::move(id), std::move(password)};
}

std::chrono::milliseconds time_in(std::string_view text) {
    using std::chrono::milliseconds;
    int n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    const std::string_view unit{end, text.data() + text.size()};
    if (error != std::errc{} || n <= 0 || (unit != "s" && unit != "ms") ||
        n > (unit == "s" ? 600 : 600'000))
        throw usage_error{"--timeout is a time as 5s or 500ms, at most 600s"};
    return milliseconds{unit == "s" ? n * 1000 : n};
}

void read_gateway(const std::string& file, plan& into) {
    try {
        gateway::configuration c = gateway::read_configuration_file(file);
        into.endpoints = std::move(c.introspector.endpoints);
        if (c.introspector.discover)
            into.issuer = std::move(c.introspector.discover->issuer);
        into.auth = std::move(c.introspector.auth);
        into.tls = std::move(c.transport.tls);
        into.allow_plain_http = c.transport.allow_plain_http;
        into.slow_after =
            std::chrono::ceil<std::chrono::milliseconds>(c.introspector.attempt_timeout);
    } catch (const gateway::bad_configuration& e) {
        throw usage_error{e.what()};
    }
}

void check_url(const std::string& url, bool allow_plain_http) {
    if (outlast::http::read_url(url, allow_plain_http))
        return;
    const bool plain = outlast::http::read_url(url, true).has_value();
    throw usage_error{outlast::http::shown_url(url) +
                      (plain ? ": over plain http whoever is on the way reads tokens: use https"
                             : " is not a URL as https://idp.example/introspect")};
}

} // namespace

plan read_arguments(const std::vector<std::string>& arguments) {
    plan made;
    given options;
    for (auto at = arguments.begin(); at != arguments.end(); ++at) {
        if (*at == "--json") {
            made.json = true;
        } else if (*at == "--help") {
            made.help = true;
            return made;
        } else if (with_value.contains(*at)) {
            const std::string& name = *at;
            if (++at == arguments.end() || at->empty())
                throw usage_error{name + " needs a value"};
            if (!options.emplace(name, *at).second)
                throw usage_error{name + " is given twice"};
        } else if (at->starts_with('-')) {
            throw usage_error{"there is no option " + at->substr(0, at->find('='))};
        } else {
            made.endpoints.push_back(*at);
        }
    }
    if (const std::string file = value_of(options, "--gateway"); !file.empty()) {
        for (const char* const own : {"--client-id", "--client-secret-file", "--client-secret-env",
                                      "--client-auth", "--ca-file"})
            if (options.contains(own))
                throw usage_error{std::string{own} + " stands in the file of --gateway"};
        if (!made.endpoints.empty())
            throw usage_error{"the URLs stand in the file of --gateway"};
        read_gateway(file, made);
    } else {
        made.auth = auth_in(options);
        made.tls.ca_file = value_of(options, "--ca-file");
    }
    if (std::string issuer = value_of(options, "--issuer"); !issuer.empty())
        made.issuer = std::move(issuer);
    if (made.endpoints.empty() && made.issuer.empty())
        throw usage_error{"what is to be looked at? Name a URL, --issuer or --gateway"};
    if (const std::string time = value_of(options, "--timeout"); !time.empty())
        made.timeout = time_in(time);
    made.slow_after = std::min(made.slow_after, made.timeout);
    if (const std::string file = value_of(options, "--token-file"); !file.empty())
        made.token = content_of("--token-file", file);

    for (const std::string& url : made.endpoints)
        check_url(url, made.allow_plain_http);
    if (!made.issuer.empty()) {
        check_url(made.issuer, made.allow_plain_http);
        if (made.issuer.find_first_of("?#") != made.issuer.npos)
            throw usage_error{"--issuer has no query and no fragment (RFC 8414 §2)"};
    }
    return made;
}

} // namespace doctor
